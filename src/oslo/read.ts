import type { IniText } from "./ini.ts";

/** A line that oslo.config would refuse. */
export class IniSyntaxError extends Error {
  readonly line: number;
  constructor(line: number, why: string) {
    super(`line ${line}: ${why}`);
    this.name = "IniSyntaxError";
    this.line = line;
  }
}

/** Reads a file as oslo.config's own parser does (oslo_config/iniparser.py); values stay text, `$$` becomes a dollar. */
export function readIni(text: string): IniText {
  const reader = new Reader();
  text.split("\n").forEach((line, index) => reader.line(line.trimEnd(), index + 1));
  reader.flush();
  return reader.groups;
}

class Reader {
  readonly groups: Record<string, Record<string, string[]>> = {};
  #group: string | undefined;
  #option: string | undefined;
  #lines: string[] = [];

  line(line: string, number: number): void {
    if (line === "") return this.flush();
    if (/^[ \t]/.test(line)) return this.#continue(line, number);
    this.flush();
    if (line.startsWith("[")) return this.#open(line, number);
    if (!/^[#;]/.test(line)) this.#assign(line, number);
  }

  flush(): void {
    if (this.#option === undefined) return;
    const options = this.groups[this.#group ?? ""];
    if (options !== undefined) (options[this.#option] ??= []).push(dollars(this.#lines.join("\n")));
    this.#option = undefined;
  }

  #continue(line: string, number: number): void {
    if (this.#option === undefined) throw new IniSyntaxError(number, "continues no option");
    this.#lines.push(line.trimStart());
  }

  #open(line: string, number: number): void {
    if (!line.endsWith("]") || line.length <= 2) throw new IniSyntaxError(number, "is not a group like [DEFAULT]");
    this.#group = line.slice(1, -1);
    this.groups[this.#group] ??= {};
  }

  #assign(line: string, number: number): void {
    const at = line.search(/[=:]/);
    const option = line.slice(0, at).trim();
    if (at < 0) throw new IniSyntaxError(number, "has neither '=' nor ':'");
    if (option === "") throw new IniSyntaxError(number, "has no option before its value");
    if (this.#group === undefined) throw new IniSyntaxError(number, "stands before the first group");
    this.#option = option;
    this.#lines = [unquote(line.slice(at + 1).trim())];
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
