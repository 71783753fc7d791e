import { FIELD_MANAGER, GROUP } from "../api/names.ts";
import { Applier, takesOver } from "../kube/apply.ts";
import type { KubeClient } from "../kube/client.ts";
import { differences, isFields, KEYED } from "../kube/compare.ts";
import { KubeError } from "../kube/errors.ts";
import { type KubeObject, keyOf, refOf } from "../kube/types.ts";
import type { Manifest } from "../workloads/contract.ts";
import type { Snapshot } from "./snapshot.ts";

/** What the API server would keep of an object, or why it would refuse it. */
export type Foreseen = { readonly type: "kept"; readonly live?: KubeObject; readonly after: Manifest } | Refused;

interface Refused {
  readonly type: "refused";
  readonly live?: KubeObject;
  readonly message: string;
}

/** Requests at once: the API server gives one client only so many of its places. */
const AT_ONCE = 12;

/**
 * For each object what the API server would make of it, asked by a server-side apply in a dry run where anything differs.
 * Nothing is written. Throws KubeError when the API server cannot be asked.
 */
export async function foresee(
  client: KubeClient,
  manifests: readonly Manifest[],
  snapshot: Snapshot,
): Promise<readonly Foreseen[]> {
  const applier = new Applier(client, { fieldManager: FIELD_MANAGER, shapeAnnotation: `${GROUP}/shape` });
  const found: Foreseen[] = [];
  const open = manifests.entries();
  const work = async (): Promise<void> => {
    for (const [index, manifest] of open) found[index] = await one(applier, manifest, snapshot);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return found;
}

async function one(applier: Applier, manifest: Manifest, snapshot: Snapshot): Promise<Foreseen> {
  const wanted = applier.prepare(manifest);
  const live = snapshot.objects.get(keyOf(refOf(manifest)));
  const known = live === undefined ? {} : { live };
  // A dry run cannot create anything in a namespace that does not exist.
  if (!snapshot.namespaces.has(manifest.metadata.namespace ?? "")) return { type: "kept", ...known, after: wanted };
  try {
    const { object } = await applier.apply(manifest, live, { dryRun: true });
    return { type: "kept", ...known, after: withoutExtras(object, wanted) };
  } catch (error) {
    if (!refuses(error)) throw error;
    return { type: "refused", ...known, message: reasons(error, manifest.kind) };
  }
}

/** The server's reasons, without the values that it repeats: they are long, and may be secret. */
function reasons(error: KubeError, kind: string): string {
  if (kind === "Secret")
    return `${error.reason}: ${error.causes.map(({ field }) => field ?? "?").join(", ") || "the Secret"}`;
  const told = error.causes.map(({ field, message }) => [field, message].filter(Boolean).join(": "));
  return (told.length === 0 ? [error.message] : told)
    .map((reason) => reason.replace(/(Invalid|Unsupported|Duplicate) value: .*: /s, ""))
    .join("; ");
}

/** The object is wrong, or may not be changed so; not: the server is away, or we may not ask. */
function refuses(error: unknown): error is KubeError {
  return error instanceof KubeError && [400, 409, 422].includes(error.status);
}

/** What somebody put into what is ours as a whole goes with the second write, which no dry run shows: see `Applier`. */
export function withoutExtras(object: KubeObject, wanted: Manifest): Manifest {
  const extras = differences(wanted, object).filter(({ extra }) => extra);
  if (extras.length === 0 || !takesOver(object, FIELD_MANAGER)) return object;
  return extras.reduce<unknown>((rest, { path }) => without(rest, path, ""), object) as Manifest;
}

/** A value without what is at the path of a difference, `spec.containers[api].env[A]`; keys may have dots. */
function without(value: unknown, path: string, list: string): unknown {
  if (isFields(value)) {
    const fits = (key: string): boolean => path === key || path.startsWith(`${key}.`) || path.startsWith(`${key}[`);
    const key = Object.keys(value)
      .filter(fits)
      .toSorted((a, b) => b.length - a.length)[0];
    if (key === undefined) return value;
    const rest = path.slice(key.length).replace(/^\./, "");
    if (rest !== "") return { ...value, [key]: without(value[key], rest, key) };
    return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));
  }
  const [item, name] = /^\[([^\]]*)\]\.?/.exec(path) ?? [];
  if (!Array.isArray(value) || item === undefined) return value;
  const keyOf = KEYED[list];
  const named = (one: unknown, index: number): boolean =>
    (keyOf !== undefined && isFields(one) ? String(keyOf(one)) : String(index)) === name;
  const rest = path.slice(item.length);
  const items = value as readonly unknown[];
  if (rest === "") return items.filter((one, index) => !named(one, index));
  return items.map((one, index) => (named(one, index) ? without(one, rest, "") : one));
}
