import { lengthOf, wrapWords } from "./width.ts";

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

/** The same within `width` characters: the widest columns become narrower, and their cells have several lines. */
export function tableWithin(width: number, heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [heads, ...rows];
  const widths = heads.map((_, column) => Math.max(...all.map((row) => lengthOf(row[column] ?? "")), 1));
  const total = (): number => widths.reduce((sum, one) => sum + one, 0) + (widths.length - 1) * GAP.length;
  for (let over = total() - width; over > 0; over = total() - width) {
    const widest = widths.indexOf(Math.max(...widths));
    const next = Math.max(...widths.map((one, column) => (column === widest ? 1 : one)));
    const less = Math.max(1, Math.min(over, (widths[widest] ?? 1) - next));
    if ((widths[widest] ?? 1) - less < 1) break;
    widths[widest] = (widths[widest] ?? 1) - less;
  }
  return all.flatMap((row) => cellLines(row, widths));
}

const GAP = "   ";

function cellLines(row: readonly string[], widths: readonly number[]): string[] {
  const cells = widths.map((width, column) => wrapWords(row[column] ?? "", width));
  const height = Math.max(...cells.map(({ length }) => length));
  return Array.from({ length: height }, (_, line) =>
    cells
      .map((lines, column) => padded(lines[line] ?? "", widths[column] ?? 0))
      .join(GAP)
      .trimEnd(),
  );
}

function padded(text: string, width: number): string {
  return `${text}${" ".repeat(Math.max(0, width - lengthOf(text)))}`;
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
