import type { IniText } from "./ini.ts";
import { lstrip, rstrip, strip } from "./python-text.ts";

/** A line that oslo.config would refuse. */
export class IniSyntaxError extends Error {
  readonly line: number;
  constructor(line: number, why: string) {
    super(`line ${line}: ${why}`);
    this.name = "IniSyntaxError";
    this.line = line;
  }
}

/** One assignment of a file, as it stands there. */
export interface IniEntry {
  readonly group: string;
  readonly option: string;
  /** Without the pair of quotes around it; continued lines follow after a line break; `$` and `$$` are as written. */
  readonly text: string;
  /** Its first line; 1 is the file's first. */
  readonly line: number;
}

/**
 * Reads a file as oslo.config's own parser does (oslo_config/iniparser.py); values stay text, `$$` becomes a dollar.
 * @throws IniSyntaxError
 */
export function readIni(text: string): IniText {
  const reader = read(text);
  const byGroup = Map.groupBy(reader.entries, ({ group }) => group);
  return Object.fromEntries(
    [...reader.groups].map((group) => {
      const options = Map.groupBy(byGroup.get(group) ?? [], ({ option }) => option);
      const texts = [...options].map(([option, entries]) => [option, entries.map((entry) => dollars(entry.text))]);
      return [group, Object.fromEntries(texts) as Record<string, readonly string[]>];
    }),
  );
}

/** The assignments of a file in their order, read as `readIni` does. @throws IniSyntaxError */
export function readIniEntries(text: string): readonly IniEntry[] {
  return read(text).entries;
}

function read(text: string): Reader {
  const reader = new Reader();
  // As Python's text files: each of the three ends a line.
  text.split(/\r\n|\r|\n/).forEach((line, index) => reader.line(rstrip(line), index + 1));
  reader.flush();
  return reader;
}

class Reader {
  readonly groups = new Set<string>();
  readonly entries: IniEntry[] = [];
  #group: string | undefined;
  #option: { readonly name: string; readonly line: number } | undefined;
  #lines: string[] = [];

  line(line: string, number: number): void {
    if (line === "") return this.flush();
    if (/^[ \t]/.test(line)) return this.#continue(line, number);
    this.flush();
    if (line.startsWith("[")) return this.#open(line, number);
    if (!/^[#;]/.test(line)) this.#assign(line, number);
  }

  flush(): void {
    if (this.#option === undefined || this.#group === undefined) return;
    const { name, line } = this.#option;
    this.entries.push({ group: this.#group, option: name, text: this.#lines.join("\n"), line });
    this.#option = undefined;
  }

  #continue(line: string, number: number): void {
    if (this.#option === undefined) throw new IniSyntaxError(number, "continues no option");
    this.#lines.push(lstrip(line));
  }

  #open(line: string, number: number): void {
    if (!line.endsWith("]") || line.length <= 2) throw new IniSyntaxError(number, "is not a group like [DEFAULT]");
    this.#group = line.slice(1, -1);
    this.groups.add(this.#group);
  }

  #assign(line: string, number: number): void {
    const at = line.search(/[=:]/);
    const name = strip(line.slice(0, at));
    if (at < 0) throw new IniSyntaxError(number, "has neither '=' nor ':'");
    if (name === "") throw new IniSyntaxError(number, "has no option before its value");
    if (this.#group === undefined) throw new IniSyntaxError(number, "stands before the first group");
    this.#option = { name, line: number };
    this.#lines = [unquote(strip(line.slice(at + 1)))];
  }
}

/** oslo takes `\$` for `$$`, and `$$` for a dollar. */
function dollars(text: string): string {
  return text.replaceAll("\\$", () => "$$").replaceAll("$$", () => "$");
}

/** One pair of equal quotes goes away; oslo takes a single quote character for a pair. */
function unquote(value: string): string {
  return /^["']/.test(value) && value[0] === value.at(-1) ? value.slice(1, -1) : value;
}
