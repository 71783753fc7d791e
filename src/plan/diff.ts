// plan: what differs between desired and live, in which order it is put right, and a hash of it; pure.
import type { Manifest } from "../api/manifest.ts";

/** One field that differs. Values are left out on purpose: a plan must not show a secret. */
export interface FieldChange {
  /** Dots and brackets: `spec.template.spec.containers[name=api].image`. */
  readonly path: string;
  readonly change: "added" | "changed";
}

/** Keys that make a list a map, by the name of the field that holds the list. As in the OpenAPI of Kubernetes 1.37 (`x-kubernetes-list-map-keys`). */
const LIST_KEYS: Readonly<Record<string, readonly string[]>> = {
  containers: ["name"],
  initContainers: ["name"],
  volumes: ["name"],
  env: ["name"],
  volumeMounts: ["mountPath"],
  ports: ["containerPort", "port"],
  conditions: ["type"],
};

/**
 * Fields of `desired` that `live` has not or has otherwise. Fields that only `live` has belong to others (defaults,
 * status, other managers) and are no difference, except entries of lists that have no key.
 */
export function differences(desired: Manifest, live: Readonly<Record<string, unknown>>): FieldChange[] {
  const changes: FieldChange[] = [];
  compare({ desired, live, path: "", field: "" }, changes);
  return changes;
}

interface Pair {
  readonly desired: unknown;
  readonly live: unknown;
  readonly path: string;
  readonly field: string;
}

function compare(pair: Pair, changes: FieldChange[]): void {
  const { desired, live, path } = pair;
  if (desired === undefined || same(desired, live)) return;
  if (Array.isArray(desired)) return compareLists({ ...pair, desired }, changes);
  if (isRecord(desired)) {
    if (!isRecord(live)) {
      if (Object.keys(desired).length > 0) changes.push(absent(path, live));
      return;
    }
    for (const [field, value] of Object.entries(desired)) {
      compare({ desired: value, live: live[field], path: path === "" ? field : `${path}.${field}`, field }, changes);
    }
    return;
  }
  changes.push(absent(path, live));
}

function compareLists(pair: Pair & { desired: unknown[] }, changes: FieldChange[]): void {
  const { desired, path, field } = pair;
  const live = Array.isArray(pair.live) ? (pair.live as unknown[]) : undefined;
  if (live === undefined) {
    if (desired.length > 0) changes.push(absent(path, pair.live));
    return;
  }
  const key = LIST_KEYS[field]?.find((name) => desired.every((item) => isRecord(item) && name in item));
  if (key === undefined) {
    if (desired.length !== live.length) {
      changes.push({ path, change: "changed" });
      return;
    }
    for (const [index, item] of desired.entries()) {
      compare({ desired: item, live: live[index], path: `${path}[${index}]`, field: "" }, changes);
    }
    return;
  }
  for (const item of desired as Record<string, unknown>[]) {
    const match = live.find((other) => isRecord(other) && other[key] === item[key]);
    compare({ desired: item, live: match, path: `${path}[${key}=${String(item[key])}]`, field: "" }, changes);
  }
}

function absent(path: string, live: unknown): FieldChange {
  return { path, change: live === undefined ? "added" : "changed" };
}

function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  // The API server leaves out empty strings, zeroes and false of optional fields.
  return b === undefined && (a === "" || a === 0 || a === false);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}
