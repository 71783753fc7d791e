/** Help of a verb: its one sentence, what there is to know beyond it, and examples. */
export function help(
  brief: string,
  examples: readonly string[],
  more: readonly string[] = [],
): { readonly brief: string; readonly fullDescription: string } {
  const told = more.length === 0 ? [] : ["", ...more];
  const shown = ["", "EXAMPLES", ...examples.map((example) => `  ${example}`)];
  return { brief, fullDescription: [`${brief}.`, ...told, ...shown].join("\n") };
}
