// A plan for a merge request: the summary on top, the rest folded, within what a forge takes as one comment.
import type { Section } from "./plan-detail.ts";
import { counted, type Row } from "./plan-words.ts";
import { cutTo, singleLine } from "./width.ts";

export interface MarkdownParts {
  readonly title: string;
  readonly rows: readonly Row[];
  readonly sections: readonly Section[];
  /** How to see what was cut. */
  readonly whole: string;
}

/** Bytes of the text: GitHub takes 65,536 characters in a comment, and a reader adds words. */
export const MARKDOWN_BYTES = 60_000;
/** Characters of a cell, and rows of one head: what is longer is told by its beginning and how much more there is. */
const CELL = 600;
const ROWS = 12;
/** Bytes of the summary, whatever letters it is written in. */
const TABLE_BYTES = 40_000;
/** Bytes of a row besides its text. */
const ROW_FRAME = 20;
/** Bytes of the markup around a section, and of the sentence about what was cut. */
const FRAME = 400;

/** Markdown of at most MARKDOWN_BYTES. Short sections are whole; long ones share what is left, and say what was cut. */
export function markdown({ title, rows, sections, whole }: MarkdownParts): string {
  const head = [`### ${escaped(title)}`, "", "| | |", "|---|---|", ...tableRows(rows)].join("\n");
  let left = MARKDOWN_BYTES - bytes(head);
  const room = new Map<Section, number>();
  const bySize = sections.toSorted((a, b) => bytes(a.lines.join("\n")) - bytes(b.lines.join("\n")));
  for (const [index, section] of bySize.entries()) {
    const share = Math.floor(left / (bySize.length - index)) - FRAME;
    const taken = Math.min(share, bytes(section.lines.join("\n")));
    room.set(section, taken);
    left -= taken + FRAME;
  }
  return [head, ...sections.map((section) => folded(section, room.get(section) ?? 0, whole))].join("\n\n");
}

function folded({ title, lines }: Section, room: number, whole: string): string {
  const kept: string[] = [];
  let used = 0;
  for (const line of lines) {
    used += bytes(line) + 1;
    if (used > room + 1) break;
    kept.push(line);
  }
  const text = kept.join("\n");
  const fence = "`".repeat(Math.max(3, ...[...text.matchAll(/`+/g)].map(([run]) => run.length + 1)));
  const cut = lines.length - kept.length;
  const told = cut === 0 ? [] : ["", `${counted(cut, "line")} of ${lines.length} were cut. All of them: ${whole}.`];
  const summary = `<details><summary>${sentence(title)}</summary>`;
  return [summary, "", `${fence}text`, text, fence, ...told, "", "</details>"].join("\n");
}

/** Of many rows with one head the first; hash and command stay, however long the others are. */
function tableRows(rows: readonly Row[]): string[] {
  const all = [...Map.groupBy(rows, ({ head }) => head)].flatMap(([head, found]) => {
    const told = found.slice(0, ROWS).map((row) => ({ ...row, text: cell(row) }));
    const more = found.length - ROWS;
    return more > 0 ? [...told, { head, text: `and ${more} more` }] : told;
  });
  let left =
    TABLE_BYTES -
    bytes(
      all
        .filter(({ command }) => command)
        .map(({ text }) => text)
        .join(""),
    );
  const kept = all.filter(({ command, text }) => command === true || (left -= bytes(text) + ROW_FRAME) >= 0);
  const cut = all.length - kept.length;
  return [
    ...kept.map(({ head, text }) => `| ${head} | ${text} |`),
    ...(cut === 0 ? [] : [`| | ${counted(cut, "row")} were cut |`]),
  ];
}

function cell({ text, command }: Row): string {
  const line = cutTo(singleLine(text), CELL);
  return command === true ? `\`${line.replaceAll("`", "'").replaceAll("|", "\\|")}\`` : escaped(line);
}

/** Text that means itself, whatever Markdown would make of it. */
function escaped(text: string): string {
  return text.replaceAll(/[\\`*[\]<>|~]/g, (sign) => `\\${sign}`);
}

function sentence(title: string): string {
  return `${title.slice(0, 1)}${title.slice(1).toLowerCase()}`;
}

function bytes(text: string): number {
  return Buffer.byteLength(text);
}
