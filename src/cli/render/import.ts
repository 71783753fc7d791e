// What became of the lines of imported files, for people to read.
import { type Fate, type ImportedLine, OPEN_FATES } from "../../options/import.ts";
import type { SecretValue } from "../../options/import-combine.ts";
import { table } from "./table.ts";

const WORDS: Readonly<Record<Fate, string>> = {
  kept: "kept",
  renamed: "kept under its newer name",
  secret: "to be a Secret",
  default: "equal to the default: left out",
  owned: "Underpin's own: left out",
  overridden: "overridden in the same file: left out",
  unknown: "not known to the release: left out",
  removed: "removed from the release: left out",
  refused: "refused: left out",
};

/** A table of all lines; what is left to decide comes last, where it is seen. */
export function importTable(lines: readonly ImportedLine[]): string[] {
  const open = lines.filter(({ fate }) => OPEN_FATES.includes(fate));
  const done = lines.filter(({ fate }) => !OPEN_FATES.includes(fate));
  const rows = [...done, ...open].map((line) => [
    `${line.file}:${line.line}`,
    `${line.group}.${line.name}`,
    line.fate,
    line.note,
  ]);
  return table(["LINE", "OPTION", "FATE", "NOTE"], rows);
}

/** How many lines had which fate. */
export function importSummary(lines: readonly ImportedLine[]): string[] {
  const counts = Map.groupBy(lines, ({ fate }) => fate);
  return (Object.keys(WORDS) as Fate[]).flatMap((fate) => {
    const number = counts.get(fate)?.length ?? 0;
    return number === 0 ? [] : [`${String(number).padStart(4)} ${WORDS[fate]}`];
  });
}

/** How the Secrets come into the cluster; `file` holds them already. No value is in it. */
export function secretLines(secrets: readonly SecretValue[], namespace: string, file: string | undefined): string[] {
  if (secrets.length === 0) return [];
  if (file !== undefined)
    return [
      `The secrets' values are in ${file}, which only you can read. Make the Secrets, then remove the file:`,
      `  underpin kubectl apply -f ${file} && shred -u ${file}`,
    ];
  const commands = [...Map.groupBy(secrets, ({ secret }) => secret)].map(([name, keys]) => {
    const sources = keys.map(({ key }) => `--from-file=${key}=FILE`).join(" ");
    return `  underpin kubectl -n ${namespace} create secret generic ${name} ${sources}`;
  });
  return [
    "Make the Secrets, each FILE holding a value alone, or let --secrets FILE write their manifests:",
    ...commands,
  ];
}
