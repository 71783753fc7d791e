// Pairs of an option and what a file says of it, put into as few files as can be.
import type { CatalogueOption } from "../../src/oslo/catalogue.ts";
import { IniError, writeIni } from "../../src/oslo/ini.ts";
import { iniValue, judgeTexts, judgeValue, type OptionValue } from "../../src/oslo/judge.ts";
import { IniSyntaxError, readIniEntries } from "../../src/oslo/read.ts";
import { destOf } from "../../src/oslo/typed.ts";
import type { Verdict } from "../../src/oslo/verdict.ts";
import { LONG, mutated, NASTY, pick, suggested, typedValues } from "./corpus.ts";
import type { TrialFile } from "./oslo-side.ts";

export interface Pair {
  readonly option: number;
  /** The lines of the file below its group. */
  readonly lines: string;
  readonly ours: Verdict;
  /** Where it was typed: what oslo.config must have in hand when it takes it. */
  readonly typed?: OptionValue;
  /** No other pair can be in the same file. */
  readonly alone: boolean;
}

/** Nothing but the option itself is known to a trial. */
const NOTHING_ELSE = () => "no option" as const;

export interface Amount {
  /** How many texts of the corpus an option is tried with, when another of the same type has had them all. */
  readonly nasty: number;
  readonly mutations: number;
  readonly typed: number;
}

/**
 * All texts of the corpus for the first option of each type, some for the others (each time the next ones, so that all have
 * their turn); for every option what its type suggests, and mutations of what is accepted.
 */
export function textPairs(options: readonly CatalogueOption[], amount: Amount, next: () => number): Pair[] {
  const seen = new Set<string>();
  let turn = 0;
  return options.flatMap((option, index) => {
    const given = [...corpusFor(option), ...suggested(option)];
    const pairs = given.map((text) => textPair(option, index, text));
    const accepted = given.filter((text, at) => text.length < 300 && pairs[at]?.ours.verdict === "accept");
    const valid = accepted.length > 0 ? accepted : given;
    const more = Array.from({ length: amount.mutations }, () =>
      textPair(option, index, mutated(pick(valid, next), next)),
    );
    return [...pairs, ...more, textPair(option, index, pick(given, next), pick(valid, next))];
  });

  function corpusFor(option: CatalogueOption): readonly string[] {
    const kind = JSON.stringify([option.type, option.multi]);
    if (!seen.has(kind)) {
      seen.add(kind);
      return [...NASTY, ...LONG];
    }
    return Array.from({ length: Math.min(amount.nasty, NASTY.length) }, () => NASTY[turn++ % NASTY.length] ?? "");
  }
}

function textPair(option: CatalogueOption, index: number, ...texts: readonly string[]): Pair {
  const lines = texts.map((text) => `${destOf(option)} = ${text}\n`).join("");
  const read = readTrial(lines, destOf(option));
  if (read === undefined) return { option: index, lines, ours: refused(), alone: true };
  const ours = judgeTexts(option, read, NOTHING_ELSE);
  return { option: index, lines, ours, alone: read.length !== texts.length };
}

function refused(): Verdict {
  return { verdict: "reject", reason: "the file cannot be read", allowed: "a file that can be read" };
}

/** The texts of the key in a group of these lines; undefined when our reader refuses them. */
function readTrial(lines: string, key: string): readonly string[] | undefined {
  try {
    const entries = readIniEntries(`[g]\n${lines}`);
    return entries.filter(({ group, option }) => group === "g" && option === key).map(({ text }) => text);
  } catch (error) {
    if (error instanceof IniSyntaxError) return undefined;
    throw error;
  }
}

/** Typed values as our writer writes them; those that it refuses are left out. */
export function typedPairs(options: readonly CatalogueOption[], { typed }: Amount, next: () => number): Pair[] {
  return options.flatMap((option, index) => {
    const values = typedValues(option.type, next);
    const first = Math.floor(next() * values.length);
    return [...values, ...values].slice(first, first + typed).flatMap((value): Pair[] => {
      try {
        const lines = writeIni({ g: { [destOf(option)]: iniValue(option, value) } }).slice("[g]\n".length);
        if (lines === "") return [];
        return [{ option: index, lines, ours: judgeValue(option, value, NOTHING_ELSE), typed: value, alone: false }];
      } catch (error) {
        if (error instanceof IniError) return [];
        throw error;
      }
    });
  });
}

const PAIRS_A_FILE = 400;

/** The files to ask for, each with its pairs in order. */
export function filesOf(
  pairs: readonly Pair[],
): readonly { readonly file: TrialFile; readonly pairs: readonly Pair[] }[] {
  const together = pairs.filter(({ alone }) => !alone);
  const groups = pairs.filter(({ alone }) => alone).map((pair) => [pair]);
  for (let at = 0; at < together.length; at += PAIRS_A_FILE) groups.push(together.slice(at, at + PAIRS_A_FILE));
  return groups.map((members) => ({
    file: {
      text: members.map(({ lines }, at) => `[p${at}]\n${lines}`).join(""),
      pairs: members.map(({ option }, at) => [`p${at}`, option] as const),
    },
    pairs: members,
  }));
}
