// What a plan does to what runs: which pods start anew, which take options as they run, what users notice.
import { type Manifest, type ObjectKey, objectKey } from "../api/manifest.ts";
import { LABEL } from "../api/names.ts";
import type { ObjectChange } from "./changes.ts";
import { isFields } from "./fields.ts";

/**
 * - `starts`, `stops`: its first pods come, its last go
 * - `rolls`: new pods are ready before old ones go
 * - `recreates`: old pods go before new ones come
 * - `waits`: its pods are changed only when somebody deletes them
 * - `scales`: the number of pods changes
 * - `reloads`: running processes take changed options
 */
export type Effect = "starts" | "stops" | "rolls" | "recreates" | "waits" | "scales" | "reloads";

export interface WorkloadImpact {
  readonly workload: string;
  /** The Deployment, StatefulSet or DaemonSet. */
  readonly controller: ObjectKey;
  readonly effect: Effect;
  /** The fields that are the reason, or the ConfigMaps whose options are taken. */
  readonly because: readonly string[];
}

const CONTROLLERS = ["Deployment", "StatefulSet", "DaemonSet"];
const TEMPLATE = "spec.template";
const MUTABLE = "-mutable";

/** What happens to each controller, those to which nothing happens left out. `objects`: all before and all after. Pure. */
export function workloadImpacts(
  changes: readonly ObjectChange[],
  objects: { readonly live: readonly Manifest[]; readonly after: readonly Manifest[] },
): readonly WorkloadImpact[] {
  const byKey = new Map(changes.map((change) => [change.key, change]));
  const live = new Set(objects.live.map(objectKey));
  const stops = objects.live
    .filter((one) => isController(one) && byKey.get(objectKey(one))?.type === "deleted")
    .map((one) => impact(one, "stops", []));
  const rest = objects.after.filter(isController).flatMap((controller): WorkloadImpact[] => {
    const change = byKey.get(objectKey(controller));
    if (change?.type === "created") return [impact(controller, "starts", [])];
    const paths = (change?.fields ?? []).map(({ path }) => path);
    const template = paths.filter((path) => path === TEMPLATE || path.startsWith(`${TEMPLATE}.`));
    if (template.length > 0) return [impact(controller, replacement(controller), template)];
    const scaled = paths.filter((path) => path === "spec.replicas");
    const followed = mutableLayers(controller).filter((key) => live.has(key) && byKey.get(key)?.type === "changed");
    return [
      ...(scaled.length > 0 ? [impact(controller, "scales", scaled)] : []),
      ...(followed.length > 0 ? [impact(controller, "reloads", followed)] : []),
    ];
  });
  return [...stops, ...rest].toSorted((a, b) =>
    a.controller < b.controller ? -1 : Number(a.controller > b.controller),
  );
}

function isController({ kind }: Manifest): boolean {
  return CONTROLLERS.includes(kind);
}

function impact(controller: Manifest, effect: Effect, because: readonly string[]): WorkloadImpact {
  const { name, labels } = controller.metadata;
  return { workload: labels?.[LABEL.name] ?? name, controller: objectKey(controller), effect, because };
}

/** How the pods of a controller are replaced. */
function replacement(controller: Manifest): Effect {
  const how = (field: string): unknown => at(controller["spec"], field, "type");
  if (controller.kind === "Deployment") return how("strategy") === "Recreate" ? "recreates" : "rolls";
  return how("updateStrategy") === "OnDelete" ? "waits" : "recreates";
}

/** Keys of the ConfigMaps that a controller's running processes follow. */
function mutableLayers(controller: Manifest): ObjectKey[] {
  const volumes = at(controller["spec"], "template", "spec", "volumes");
  const sources = (Array.isArray(volumes) ? (volumes as unknown[]) : []).flatMap((volume) => {
    const projected = at(volume, "projected", "sources");
    return Array.isArray(projected) ? (projected as unknown[]) : [];
  });
  return sources.flatMap((source) => {
    const name = at(source, "configMap", "name");
    if (typeof name !== "string" || !name.endsWith(MUTABLE)) return [];
    return [`ConfigMap/${controller.metadata.namespace ?? ""}/${name}`];
  });
}

function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, part) => (isFields(inner) ? inner[part] : undefined), value);
}
