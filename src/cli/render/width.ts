/** Characters in a line of running text: the terminal's, within what reads well; 80 where there is no terminal. */
export function textWidth(columns: number | undefined = process.stdout.columns): number {
  return columns === undefined ? 80 : Math.min(Math.max(columns, 40), 100);
}
