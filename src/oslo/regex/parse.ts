// regex: the regular expressions of Python that options have, searched in linear time, so that none can explode.
import { digit, isSpace } from "../python-text.ts";

/** A pattern, or a text for it, whose outcome only Python's own engine can tell. */
export class RegexError extends Error {
  constructor(why: string) {
    super(why);
    this.name = "RegexError";
  }
}

/** Tells whether a character, given as its code point, belongs to a set. */
export type CharacterSet = (codePoint: number) => boolean;

export type Assertion = "start" | "end" | "line start" | "line end" | "very end" | "word edge" | "no word edge";

export type Node =
  | { readonly kind: "set"; readonly has: CharacterSet }
  | { readonly kind: "assert"; readonly what: Assertion }
  | { readonly kind: "all"; readonly parts: readonly Node[] }
  | { readonly kind: "any"; readonly parts: readonly Node[] }
  /** `max` is Infinity for no bound. */
  | { readonly kind: "repeat"; readonly part: Node; readonly min: number; readonly max: number };

const isDigit: CharacterSet = (code) => digit(code) !== undefined;
export const isWord: CharacterSet = (code) => code === 0x5f || /[\p{L}\p{N}]/u.test(String.fromCodePoint(code));
const isBlank: CharacterSet = (code) => isSpace(String.fromCodePoint(code));
const not =
  (has: CharacterSet): CharacterSet =>
  (code) =>
    !has(code);
const CLASSES: Readonly<Record<string, CharacterSet>> = {
  d: isDigit,
  D: not(isDigit),
  w: isWord,
  W: not(isWord),
  s: isBlank,
  S: not(isBlank),
};
const CONTROLS: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, f: 12, v: 11, a: 7 };
const ASSERTIONS: Readonly<Record<string, Assertion>> = {
  A: "start",
  Z: "very end",
  b: "word edge",
  B: "no word edge",
};
const NEWLINE = 10;
const MAX_PATTERN = 2000;

/** Parses the part of Python's syntax whose matches do not depend on order. @throws RegexError for everything else */
export function parseRegex(pattern: string): { readonly node: Node; readonly ignoreCase: boolean } {
  if (pattern.length > MAX_PATTERN) throw new RegexError("it is too long");
  const parser = new Parser(pattern);
  return { node: parser.parse(), ignoreCase: parser.flags.includes("i") };
}

class Parser {
  readonly flags: string;
  readonly #text: readonly string[];
  #at = 0;

  constructor(pattern: string) {
    const flags = /^\(\?([imsu]+)\)/.exec(pattern);
    this.flags = flags?.[1] ?? "";
    this.#text = Array.from(pattern.slice(flags?.[0].length ?? 0));
  }

  parse(): Node {
    const node = this.#alternatives();
    if (this.#at < this.#text.length) throw new RegexError("it has a parenthesis too many");
    return node;
  }

  #peek(): string {
    return this.#text[this.#at] ?? "";
  }

  #next(): string {
    const character = this.#text[this.#at++];
    if (character === undefined) throw new RegexError("it ends too early");
    return character;
  }

  #take(text: string): boolean {
    if (!this.#rest().startsWith(text)) return false;
    this.#at += text.length;
    return true;
  }

  /** What comes next, as far as fixed words and counts reach. */
  #rest(): string {
    return this.#text.slice(this.#at, this.#at + 32).join("");
  }

  #alternatives(): Node {
    const parts: Node[] = [];
    do parts.push(this.#sequence());
    while (this.#take("|"));
    return { kind: "any", parts };
  }

  #sequence(): Node {
    const parts: Node[] = [];
    while (this.#at < this.#text.length && !/[|)]/.test(this.#peek())) parts.push(this.#repeated());
    return { kind: "all", parts };
  }

  #repeated(): Node {
    const part = this.#atom();
    const [token, min, max] = this.#quantifier();
    if (token === "") return part;
    this.#at += token.length;
    if (part.kind === "assert" || max < min) throw new RegexError("it repeats what cannot be repeated");
    this.#take("?"); // how much is taken does not change whether there is a match
    if (/^(?:[*+?]|\{\d*,?\d*\})/.test(this.#rest())) throw new RegexError("it takes and keeps, or repeats twice");
    return { kind: "repeat", part, min, max };
  }

  #quantifier(): readonly [string, number, number] {
    const rest = this.#rest();
    const bounds = /^\{(?:(\d+)|(\d*),(\d*))\}/.exec(rest);
    if (bounds !== null) {
      const [token, exact, low = "", high = ""] = bounds;
      if (exact !== undefined) return [token, Number(exact), Number(exact)];
      return [token, Number(low), high === "" ? Infinity : Number(high)];
    }
    if (rest.startsWith("*")) return ["*", 0, Infinity];
    if (rest.startsWith("+")) return ["+", 1, Infinity];
    return rest.startsWith("?") ? ["?", 0, 1] : ["", 1, 1];
  }

  #atom(): Node {
    const character = this.#next();
    const lines = this.flags.includes("m");
    if (character === "(") return this.#group();
    if (character === "[") return { kind: "set", has: this.#set() };
    if (character === "\\") return this.#escape();
    if (character === "^") return { kind: "assert", what: lines ? "line start" : "start" };
    if (character === "$") return { kind: "assert", what: lines ? "line end" : "end" };
    if (character === ".") {
      const all = this.flags.includes("s");
      return { kind: "set", has: (code) => all || code !== NEWLINE };
    }
    if (/[*+?]/.test(character)) throw new RegexError("it repeats nothing");
    return { kind: "set", has: equals(character) };
  }

  #group(): Node {
    if (this.#take("?:") || /^\?P<\w+>/.test(this.#rest())) {
      if (this.#take("?P<")) while (this.#next() !== ">");
    } else if (this.#peek() === "?") throw new RegexError("it looks ahead or back, or refers to a group");
    const node = this.#alternatives();
    if (!this.#take(")")) throw new RegexError("it has an open parenthesis");
    return node;
  }

  #escape(): Node {
    const letter = this.#peek();
    const what = ASSERTIONS[letter];
    if (what !== undefined) {
      this.#at += 1;
      return { kind: "assert", what };
    }
    const set = CLASSES[letter];
    if (set === undefined) return { kind: "set", has: equals(String.fromCodePoint(this.#escapedCode())) };
    this.#at += 1;
    return { kind: "set", has: set };
  }

  #escapedCode(): number {
    const letter = this.#next();
    const control = CONTROLS[letter];
    if (control !== undefined) return control;
    const size = { x: 2, u: 4, U: 8 }[letter];
    if (size !== undefined) {
      const digits = Array.from({ length: size }, () => this.#next()).join("");
      if (!/^[0-9A-Fa-f]+$/.test(digits)) throw new RegexError("it has a wrong escape");
      return Number.parseInt(digits, 16);
    }
    if (/[0-9A-Za-z]/.test(letter)) throw new RegexError("it refers to a group, or has an escape of Python's own");
    return letter.codePointAt(0) ?? 0;
  }

  #set(): CharacterSet {
    const negated = this.#take("^");
    const members: CharacterSet[] = [];
    do members.push(this.#member());
    while (!this.#take("]"));
    const has: CharacterSet = (code) => members.some((member) => member(code));
    return negated ? not(has) : has;
  }

  #member(): CharacterSet {
    const low = this.#setCharacter();
    if (typeof low !== "number") return low;
    const isRange = this.#peek() === "-" && (this.#text[this.#at + 1] ?? "]") !== "]";
    if (!isRange) return (code) => code === low;
    this.#at += 1;
    const high = this.#setCharacter();
    if (typeof high !== "number" || high < low) throw new RegexError("it has a wrong range");
    return (code) => code >= low && code <= high;
  }

  #setCharacter(): number | CharacterSet {
    const character = this.#next();
    if (character !== "\\") return character.codePointAt(0) ?? 0;
    const set = CLASSES[this.#peek()];
    if (set !== undefined) {
      this.#at += 1;
      return set;
    }
    return this.#take("b") ? 8 : this.#escapedCode();
  }
}

function equals(character: string): CharacterSet {
  const wanted = character.codePointAt(0);
  return (code) => code === wanted;
}
