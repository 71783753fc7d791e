/** Columns as kubectl draws them: upper-case heads, three spaces between, nothing behind the last. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [heads, ...rows];
  const widths = heads.map((_, column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
  return all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("   ")
      .trimEnd(),
  );
}

/** Time since `from` as kubectl writes ages: 45s, 12m, 3h, 2d. */
export function age(from: string | undefined, now: Date): string {
  const start = from === undefined ? Number.NaN : Date.parse(from);
  if (Number.isNaN(start)) return "";
  const seconds = Math.max(0, Math.floor((now.getTime() - start) / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  return seconds < 172800 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86400)}d`;
}
