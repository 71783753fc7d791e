// Who set a field of an object, by what server-side apply keeps of it in metadata.managedFields.

interface ManagedFields {
  readonly manager?: string;
  readonly operation?: string;
  readonly subresource?: string;
  readonly fieldsV1?: unknown;
}

/**
 * The field managers that own what stands at `path` (list items by index), or else the innermost thing around it that
 * somebody owns. Empty when the object does not say.
 */
export function managersOf(object: { readonly metadata: object }, path: readonly string[]): readonly string[] {
  const entries = ((object.metadata as { managedFields?: unknown }).managedFields ?? []) as readonly ManagedFields[];
  const depths = entries
    .filter(({ manager, subresource }) => manager !== undefined && subresource === undefined)
    .map(({ manager = "", fieldsV1 }) => ({ manager, depth: depthOf(fieldsV1, object, path) }));
  const deepest = Math.max(0, ...depths.map(({ depth }) => depth));
  if (deepest === 0) return [];
  return [...new Set(depths.filter(({ depth }) => depth === deepest).map(({ manager }) => manager))];
}

/** How many parts of the path the fields have. */
function depthOf(fields: unknown, value: unknown, path: readonly string[]): number {
  const [head, ...rest] = path;
  if (head === undefined || !isRecord(fields)) return 0;
  const inner = Array.isArray(value) ? (value as unknown[])[Number(head)] : isRecord(value) ? value[head] : undefined;
  const next = Array.isArray(value) ? itemFields(fields, inner, head) : fields[`f:${head}`];
  return next === undefined ? 0 : 1 + depthOf(next, inner, rest);
}

/** Items of a list are named by their keys, `k:{"name":"std"}`, or by their place, `i:0`. */
function itemFields(fields: Readonly<Record<string, unknown>>, item: unknown, index: string): unknown {
  const found = Object.keys(fields).find((key) => {
    if (!key.startsWith("k:")) return key === `i:${index}`;
    const keys = JSON.parse(key.slice(2)) as Readonly<Record<string, unknown>>;
    return isRecord(item) && Object.entries(keys).every(([name, wanted]) => item[name] === wanted);
  });
  return found === undefined ? undefined : fields[found];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
