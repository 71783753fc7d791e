// What the API server would make of an object, without asking it: its rules of server-side apply as far as our objects need them.
import { FIELD_MANAGER, GROUP } from "../api/names.ts";
import { prepared } from "../kube/apply.ts";
import { differences, isFields, isZero, KEYED, sameScalar } from "../kube/compare.ts";
import { fieldAt, type KubeObject, keyOf, refOf } from "../kube/types.ts";
import { managedChild } from "../plan/owned.ts";
import type { Manifest } from "../workloads/contract.ts";
import { type Foreseen, withoutExtras } from "./foresee.ts";

/** Fields of a StatefulSet's spec that may be changed; the API server refuses every other. */
const STATEFUL_SET_MAY = [
  "replicas",
  "ordinals",
  "template",
  "updateStrategy",
  "revisionHistoryLimit",
  "persistentVolumeClaimRetentionPolicy",
  "minReadySeconds",
];

/**
 * For each object what the API server would probably make of it. It knows no defaults of new fields, no admission, and of
 * the refusals only that of a StatefulSet whose volumes change. Pure.
 */
export function foretell(
  manifests: readonly Manifest[],
  objects: ReadonlyMap<string, KubeObject>,
): readonly Foreseen[] {
  return manifests.map((manifest, index): Foreseen => {
    const wanted = prepared(manifest, `${GROUP}/shape`);
    const live = objects.get(keyOf(refOf(manifest)));
    if (live === undefined) return { type: "kept", after: made(wanted, index, objects) };
    if (differences(wanted, live).length === 0) return { type: "kept", live, after: live };
    const message = refused(wanted, live);
    if (message !== undefined) return { type: "refused", live, message };
    return { type: "kept", live, after: withoutExtras(applied(wanted, live), wanted) };
  });
}

/** What is not there yet, with what is known of the server's part in it. */
function made(wanted: Manifest, index: number, objects: ReadonlyMap<string, KubeObject>): Manifest {
  if (wanted.kind === "Service") return addressed(wanted, index);
  const twin = wanted.kind === "Job" ? [...objects.values()].find((other) => isTwin(other, wanted)) : undefined;
  if (twin === undefined) return wanted;
  // The server gives a Job the same defaults as the one before.
  return { ...wanted, spec: applied(wanted, twin)["spec"] };
}

/** The same object with another content, and so with another hash at the end of its name. */
function isTwin({ kind, metadata }: KubeObject, wanted: Manifest): boolean {
  const [was, is] = [metadata.name, wanted.metadata.name].map((name) => name.replace(/-[0-9a-f]{10}$/, ""));
  return kind === wanted.kind && metadata.namespace === wanted.metadata.namespace && was === is;
}

/** A new Service with an address that stands for the one it will get (RFC 5737). */
function addressed(service: Manifest, index: number): Manifest {
  const spec = service["spec"];
  if (!isFields(spec) || spec["clusterIP"] !== undefined) return service;
  return { ...service, spec: { ...spec, clusterIP: `198.51.100.${(index % 254) + 1}` } };
}

function refused(wanted: Manifest, live: KubeObject): string | undefined {
  if (wanted.kind !== "StatefulSet") return undefined;
  const changed = differences(wanted, live).map(({ path }) => /^spec\.(\w+)/.exec(path)?.[1]);
  const field = changed.find((one) => one !== undefined && !STATEFUL_SET_MAY.includes(one));
  return field === undefined ? undefined : `spec.${field}: of a StatefulSet it can only be set when it is made`;
}

/** The live object with our fields as wanted; those that we gave up go. */
function applied(wanted: Manifest, live: KubeObject): KubeObject {
  const kept = ourEntries(live).reduce<unknown>((rest, { fieldsV1 }) => givenUp(fieldsV1, rest, wanted), live);
  return merged(wanted, kept, "") as KubeObject;
}

interface Entry {
  readonly manager?: string;
  readonly operation?: string;
  readonly subresource?: string;
  readonly fieldsV1?: unknown;
}

function ourEntries(live: KubeObject): readonly Entry[] {
  const entries = fieldAt(live, "metadata", "managedFields");
  return (Array.isArray(entries) ? (entries as Entry[]) : []).filter(
    ({ manager, operation, subresource }) => manager === FIELD_MANAGER && operation === "Apply" && !subresource,
  );
}

/** `live` without what is ours in it and is not wanted any more. */
function givenUp(ours: unknown, live: unknown, wanted: unknown): unknown {
  if (!isFields(ours) || live === undefined) return live;
  let rest: unknown = live;
  for (const [key, below] of Object.entries(ours)) {
    if (key === ".") continue;
    const [found, kept] = [managedChild(rest, key), managedChild(wanted, key)];
    if (found === undefined) continue;
    const next = kept === undefined || kept === null ? withoutOwned(below, found) : givenUp(below, found, kept);
    if (next !== found) rest = replaced(rest, { key, found, next });
  }
  return rest;
}

/** What is left of a value that is not wanted: what others own below it. */
function withoutOwned(ours: unknown, value: unknown): unknown {
  const keys = isFields(ours) ? Object.keys(ours).filter((key) => key !== ".") : [];
  if (keys.length === 0) return undefined;
  const rest = givenUp(ours, value, undefined);
  const empty = Array.isArray(rest) ? rest.length === 0 : isFields(rest) && Object.keys(rest).length === 0;
  return empty || ownsItself(ours, rest) ? undefined : rest;
}

/** An item of a list that is ours goes as a whole where nothing but what names it is left. */
function ownsItself(ours: unknown, rest: unknown): boolean {
  return isFields(ours) && "." in ours && isFields(rest) && Object.values(rest).every((one) => typeof one !== "object");
}

/** A parent whose child at a key of `fieldsV1` is another; undefined: it is gone. */
function replaced(parent: unknown, { key, found, next }: { key: string; found: unknown; next: unknown }): unknown {
  if (Array.isArray(parent)) {
    const items = parent as readonly unknown[];
    return items.flatMap((item) => (item === found ? (next === undefined ? [] : [next]) : [item]));
  }
  const name = key.slice(2);
  const entries = Object.entries(parent as object).map(([field, value]) => [field, field === name ? next : value]);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

/** Maps of texts, in which an empty one is a value; elsewhere Go leaves out what is zero. */
const TEXTS = /^\.(data|metadata\.(labels|annotations))\./;

/** Maps and lists whose items have a name are joined; everything else is as wanted. The server's spelling of a quantity stays. */
function merged(wanted: unknown, live: unknown, path: string): unknown {
  if (wanted === undefined || wanted === null) return live;
  if (live === undefined || live === null)
    return isZero(wanted) && !isFields(wanted) && !TEXTS.test(path) ? live : wanted;
  const name = path.slice(path.lastIndexOf(".") + 1);
  if (Array.isArray(wanted) && Array.isArray(live)) return mergedLists(wanted, live, { name, path });
  if (isFields(wanted) && isFields(live)) {
    // Selectors are one value to the API server.
    if (name === "selector" || name === "nodeSelector") return wanted;
    const keys = [...new Set([...Object.keys(live), ...Object.keys(wanted)])];
    const entries = keys.map((key): [string, unknown] => [key, merged(wanted[key], live[key], `${path}.${key}`)]);
    return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
  }
  return sameScalar(wanted, live, path) ? live : wanted;
}

function mergedLists(
  wanted: readonly unknown[],
  live: readonly unknown[],
  { name, path }: { readonly name: string; readonly path: string },
): readonly unknown[] {
  const keyOf = KEYED[name];
  if (keyOf === undefined || ![...wanted, ...live].every(isFields)) {
    if (wanted.length !== live.length) return wanted;
    return wanted.map((item, index) => merged(item, live[index], `${path}[${index}]`));
  }
  const found = new Map((live as Fields[]).map((item) => [String(keyOf(item)), item]));
  const ours = (wanted as Fields[]).map((item) => [String(keyOf(item)), item] as const);
  const names = new Set(ours.map(([key]) => key));
  const others = [...found].filter(([key]) => !names.has(key)).map(([, item]) => item);
  return [...ours.map(([key, item]) => merged(item, found.get(key), `${path}[${key}]`)), ...others];
}

type Fields = Readonly<Record<string, unknown>>;
