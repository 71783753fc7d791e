/**
 * Paths of the parents that are gone in the child, topmost only: a folder that went stands for all below it. They
 * become whiteouts. Compared by name, so that it does not matter how the kernel's overlay records a removal. Pure.
 */
export function removedPaths(parent: Iterable<string>, child: ReadonlySet<string>): string[] {
  const removed = new Set<string>();
  for (const path of [...parent].sort()) {
    if (child.has(path)) continue;
    const above = path.slice(0, Math.max(0, path.lastIndexOf("/")));
    if (above === "" || child.has(above)) removed.add(path);
  }
  return [...removed];
}

/** Name of the empty file that marks `path` as removed in an OCI layer. Pure. */
export function whiteout(path: string): string {
  const slash = path.lastIndexOf("/") + 1;
  return `${path.slice(0, slash)}.wh.${path.slice(slash)}`;
}

/** A file name as tar's exclude pattern that matches itself alone. Pure. */
export function literalPattern(path: string): string {
  return path.replace(/[\\*?[\]]/g, "\\$&");
}
