import { createHash } from "node:crypto";
import type { Desired, KubeObject } from "./types.ts";

/** One place where the live object is not what we want. */
export interface Difference {
  /** `spec.template.spec.containers[api].image` */
  readonly path: string;
  readonly wanted: unknown;
  readonly found: unknown;
  /** Something is there that must not be there; server-side apply alone removes it only when it is ours. */
  readonly extra: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/** Lists whose items have a name, and what names them; the order does not matter. All other lists are compared item by item. */
export const KEYED: Readonly<Record<string, (item: Fields) => unknown>> = {
  containers: (item) => item["name"],
  initContainers: (item) => item["name"],
  volumes: (item) => item["name"],
  env: (item) => item["name"],
  imagePullSecrets: (item) => item["name"],
  webhooks: (item) => item["name"],
  conditions: (item) => item["type"],
  volumeMounts: (item) => item["mountPath"],
  volumeDevices: (item) => item["devicePath"],
  hostAliases: (item) => item["ip"],
  ownerReferences: (item) => item["uid"],
  topologySpreadConstraints: (item) => `${String(item["topologyKey"])},${String(item["whenUnsatisfiable"])}`,
  ports: (item) =>
    `${String(item["containerPort"] ?? item["port"])}/${(item["protocol"] as string | undefined) ?? "TCP"}`,
};
/** Keyed lists that others rightly add to. */
const SHARED_LISTS = new Set(["ownerReferences", "conditions", "imagePullSecrets"]);
/** Maps that are ours as a whole: a key that we did not write is drift. */
const OWNED_MAPS = /^(data|binaryData|spec\.(template\.spec\.)?(selector|selector\.matchLabels|nodeSelector))$/;
const QUANTITIES = /(^|\.)((limits|requests|capacity|hard)\.[^.]+|sizeLimit)$/;

/** Where `live` differs from `wanted`. What the server adds by itself (defaults, status) is no difference. */
export function differences(wanted: Desired, live: KubeObject): Difference[] {
  const found: Difference[] = [];
  // Admission adds volumes, mounts and tolerations to bare pods.
  const shared = wanted.kind === "Pod";
  for (const field of Object.keys(wanted)) {
    if (field !== "apiVersion" && field !== "kind") compare(wanted[field], live[field], { path: field, found, shared });
  }
  return wanted.kind === "Secret" ? found.map(withoutValues) : found;
}

/** Differences are shown and logged; a Secret's values never are. */
function withoutValues(difference: Difference): Difference {
  const { path, wanted, found } = difference;
  if (!path.startsWith("data")) return difference;
  return { ...difference, wanted: wanted && "(secret)", found: found && "(secret)" };
}

interface Walk {
  readonly path: string;
  readonly found: Difference[];
  readonly shared: boolean;
}

function compare(wanted: unknown, live: unknown, walk: Walk): void {
  if (wanted === undefined || wanted === null) return;
  if (isZero(wanted) && (live === undefined || live === null)) return;
  if (Array.isArray(wanted) && Array.isArray(live)) compareLists(wanted, live, walk);
  else if (isFields(wanted) && isFields(live)) compareFields(wanted, live, walk);
  else if (!sameScalar(wanted, live, walk.path))
    walk.found.push({ path: walk.path, wanted, found: live, extra: false });
}

function compareFields(wanted: Fields, live: Fields, walk: Walk): void {
  for (const key of Object.keys(wanted)) compare(wanted[key], live[key], { ...walk, path: `${walk.path}.${key}` });
  if (!OWNED_MAPS.test(walk.path)) return;
  for (const key of Object.keys(live)) {
    if (!(key in wanted))
      walk.found.push({ path: `${walk.path}.${key}`, wanted: undefined, found: live[key], extra: true });
  }
}

function compareLists(wanted: readonly unknown[], live: readonly unknown[], walk: Walk): void {
  const name = walk.path.slice(walk.path.lastIndexOf(".") + 1);
  const keyOf = KEYED[name];
  if (keyOf !== undefined && [...wanted, ...live].every(isFields)) {
    compareKeyed(
      byKey(wanted as Fields[], keyOf),
      byKey(live as Fields[], keyOf),
      walk,
      walk.shared || SHARED_LISTS.has(name),
    );
  } else if (name === "finalizers") {
    const missing = wanted.filter((item) => !live.includes(item));
    if (missing.length > 0) walk.found.push({ path: walk.path, wanted, found: live, extra: false });
  } else if (wanted.length !== live.length) {
    walk.found.push({ path: walk.path, wanted, found: live, extra: false });
  } else {
    for (const [index, item] of wanted.entries())
      compare(item, live[index], { ...walk, path: `${walk.path}[${index}]` });
  }
}

function compareKeyed(wanted: Map<string, Fields>, live: Map<string, Fields>, walk: Walk, shared: boolean): void {
  for (const [key, item] of wanted) compare(item, live.get(key), { ...walk, path: `${walk.path}[${key}]` });
  if (shared) return;
  for (const [key, item] of live) {
    if (!wanted.has(key))
      walk.found.push({ path: `${walk.path}[${key}]`, wanted: undefined, found: item, extra: true });
  }
}

function byKey(items: readonly Fields[], keyOf: (item: Fields) => unknown): Map<string, Fields> {
  return new Map(items.map((item) => [String(keyOf(item)), item]));
}

/** Equal, or two spellings of one quantity where the field is one. */
export function sameScalar(wanted: unknown, live: unknown, path: string): boolean {
  if (wanted === live) return true;
  if (!QUANTITIES.test(path)) return false;
  const [a, b] = [quantity(wanted), quantity(live)];
  return a !== undefined && b !== undefined && Math.abs(a - b) <= Math.abs(a) * 1e-12;
}

const DECIMAL = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
const BINARY = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/** A Kubernetes quantity as a number (`500m` is 0.5, `1Ki` is 1024); undefined when it is none. */
export function quantity(value: unknown): number | undefined {
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([numkMGTPE]|[KMGTPE]i)?$/.exec(String(value));
  if (match === null) return undefined;
  const suffix = match[2] ?? "";
  const factor = suffix.endsWith("i") ? 1024 ** BINARY.indexOf(suffix) : 1000 ** (DECIMAL.indexOf(suffix) - 3);
  return Number(match[1]) * factor;
}

/** What Go leaves out of JSON: sending it and not sending it are the same. */
export function isZero(value: unknown): boolean {
  if (value === "" || value === 0 || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  return (
    isFields(value) && Object.values(value).every((inner) => inner === undefined || inner === null || isZero(inner))
  );
}

export function isFields(value: unknown): value is Fields {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

/** Hash of which fields an object has, not of their values: tells when a field was given up, and reveals no secret. */
export function shapeHash(wanted: Desired): string {
  const paths: string[] = [];
  const walk = (value: unknown, path: string, name: string): void => {
    if (value === undefined || value === null) return;
    if (Array.isArray(value)) {
      const keyOf = KEYED[name];
      for (const [index, item] of value.entries())
        walk(item, `${path}[${keyOf !== undefined && isFields(item) ? String(keyOf(item)) : index}]`, "");
    } else if (isFields(value)) {
      for (const [key, inner] of Object.entries(value)) walk(inner, `${path}\n${key}`, key);
    }
    paths.push(path);
  };
  walk(wanted, "", "");
  return createHash("sha256").update(paths.toSorted().join("\0")).digest("hex").slice(0, 16);
}
