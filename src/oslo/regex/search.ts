import { type Assertion, type CharacterSet, isWord, type Node, parseRegex, RegexError } from "./parse.ts";

export { RegexError } from "./parse.ts";

/** One step of the automaton: take a character, pass an assertion, go on at several places, or be done. */
type State =
  | { readonly kind: "set"; readonly has: CharacterSet; readonly next: number }
  | { readonly kind: "assert"; readonly what: Assertion; readonly next: number }
  | { readonly kind: "split"; next: readonly number[] }
  | { readonly kind: "match" };

const MAX_STATES = 4000;
/** States times characters: a fraction of a second. */
const MAX_WORK = 1_000_000;
/** Compiled patterns; a catalogue has few. */
const MAX_KEPT = 200;
const compiled = new Map<
  string,
  { readonly states: readonly State[]; readonly start: number; readonly ignoreCase: boolean }
>();

/**
 * Python's `re.search(pattern, text)` as true or false, in time that grows with the text's length only: all ways through
 * the pattern are followed at once.
 * @throws RegexError for a pattern or text that it does not judge
 */
export function searches({ pattern, ignoreCase }: { pattern: string; ignoreCase: boolean }, text: string): boolean {
  const program = programOf(pattern);
  const folds = ignoreCase || program.ignoreCase;
  // Other scripts' letters have cases of their own in Python.
  if (folds && /[^\0-\x7f]/.test(pattern + text)) throw new RegexError("it ignores case beyond ASCII");
  const codes = Array.from(text, (character) => character.codePointAt(0) ?? 0);
  if (codes.length * program.states.length > MAX_WORK) throw new RegexError("the value is too long for it");
  return run(program, codes, folds);
}

function programOf(pattern: string) {
  const known = compiled.get(pattern);
  if (known !== undefined) return known;
  const { node, ignoreCase } = parseRegex(pattern);
  const states: State[] = [{ kind: "match" }];
  const program = { states, start: compile(node, 0, states), ignoreCase };
  if (compiled.size >= MAX_KEPT) compiled.clear();
  compiled.set(pattern, program);
  return program;
}

/** Adds the states of a node that go on at `next`, and returns the first. */
function compile(node: Node, next: number, states: State[]): number {
  switch (node.kind) {
    case "set":
      return add({ kind: "set", has: node.has, next }, states);
    case "assert":
      return add({ kind: "assert", what: node.what, next }, states);
    case "all":
      return node.parts.reduceRight((after, part) => compile(part, after, states), next);
    case "any":
      return add({ kind: "split", next: node.parts.map((part) => compile(part, next, states)) }, states);
    case "repeat":
      return compileRepeat(node, next, states);
  }
}

function compileRepeat(node: Extract<Node, { kind: "repeat" }>, next: number, states: State[]): number {
  let after = next;
  if (node.max === Infinity) {
    const loop: Extract<State, { kind: "split" }> = { kind: "split", next: [] };
    after = add(loop, states);
    loop.next = [compile(node.part, after, states), next];
  } else {
    for (let count = node.min; count < node.max; count += 1)
      after = add({ kind: "split", next: [compile(node.part, after, states), next] }, states);
  }
  for (let count = 0; count < node.min; count += 1) after = compile(node.part, after, states);
  return after;
}

function add(state: State, states: State[]): number {
  if (states.length >= MAX_STATES) throw new RegexError("it is too large");
  return states.push(state) - 1;
}

function run(program: { states: readonly State[]; start: number }, codes: readonly number[], folds: boolean): boolean {
  let now: number[] = [];
  for (let at = 0; at <= codes.length; at += 1) {
    const reached = new Set<number>();
    if (follow([...now, program.start], { program, codes, at, reached })) return true;
    const code = codes[at];
    if (code === undefined) return false;
    now = [];
    for (const index of reached) {
      const state = program.states[index];
      if (state?.kind === "set" && variants(code, folds).some(state.has)) now.push(state.next);
    }
  }
  return false;
}

interface Place {
  readonly program: { readonly states: readonly State[] };
  readonly codes: readonly number[];
  readonly at: number;
  readonly reached: Set<number>;
}

/** Everything that is reached without taking a character; true when the match is. */
function follow(from: number[], { program, codes, at, reached }: Place): boolean {
  const open = from;
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (reached.has(index)) continue;
    reached.add(index);
    const state = program.states[index];
    if (state?.kind === "match") return true;
    if (state?.kind === "split") open.push(...state.next);
    if (state?.kind === "assert" && holds(state.what, codes, at)) open.push(state.next);
  }
  return false;
}

const NEWLINE = 10;

function holds(what: Assertion, codes: readonly number[], at: number): boolean {
  const word = (index: number): boolean => isWord(codes[index] ?? NEWLINE);
  switch (what) {
    case "start":
      return at === 0;
    case "line start":
      return at === 0 || codes[at - 1] === NEWLINE;
    case "very end":
      return at === codes.length;
    case "end":
      return at === codes.length || (at === codes.length - 1 && codes[at] === NEWLINE);
    case "line end":
      return at === codes.length || codes[at] === NEWLINE;
    case "word edge":
      return word(at - 1) !== word(at);
    case "no word edge":
      // Python 3.13: an empty text has none of either.
      return codes.length > 0 && word(at - 1) === word(at);
  }
}

/** ASCII only, as `searches` makes sure. */
function variants(code: number, folds: boolean): readonly number[] {
  const character = String.fromCodePoint(code);
  if (!folds || !/[A-Za-z]/.test(character)) return [code];
  return [character.toLowerCase().charCodeAt(0), character.toUpperCase().charCodeAt(0)];
}
