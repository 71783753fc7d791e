// Configurations of a whole service whose values refer to other options, to older names, to nothing and to themselves.
import type { Catalogue, CatalogueOption } from "../../src/oslo/catalogue.ts";
import { writeIni, Verbatim } from "../../src/oslo/ini.ts";
import { type Lookup, lookupIn } from "../../src/oslo/interpolation.ts";
import { judgeValue } from "../../src/oslo/judge.ts";
import { destOf } from "../../src/oslo/typed.ts";
import type { Verdict } from "../../src/oslo/verdict.ts";
import { pick } from "./corpus.ts";
import type { TrialCloud } from "./oslo-side.ts";

export interface TriedCloud {
  readonly cloud: TrialCloud;
  /** Of each option that is asked for, in order. */
  readonly ours: readonly Verdict[];
  readonly texts: readonly string[];
}

/** Options of oslo.config itself, which no file sets. */
const OWN = new Set(["config_file", "config_dir", "config_source", "shell_completion"]);
const SET_AT_ONCE = 120;

/** `count` configurations, each with some options set. */
export function triedClouds(catalogue: Catalogue, count: number, next: () => number): readonly TriedCloud[] {
  const options = optionsOf(catalogue);
  // A value under an option's older name would be the value of both.
  const older = new Set(
    options.flatMap(({ olderNames = [] }) => olderNames.map(({ group, name }) => `${group}.${name}`)),
  );
  const inFiles = Map.groupBy(options, placeInFiles);
  const free = [...options.keys()].filter((index) => {
    const option = options[index];
    if (option === undefined || older.has(`${option.group}.${option.name}`)) return false;
    return isListed(option) && inFiles.get(placeInFiles(option))?.length === 1;
  });
  const namers = options.filter(isListed).flatMap((option) => namesOf(option));
  return Array.from({ length: count }, () => {
    const ask = [...new Set(Array.from({ length: SET_AT_ONCE }, () => pick(free, next)))];
    const texts = ask.map((index) => textFor(options[index], namers, next));
    return tried(catalogue, { options, ask, texts });
  });
}

export function optionsOf(catalogue: Catalogue): readonly CatalogueOption[] {
  return catalogue.groups.flatMap((group) => catalogue.options(group));
}

/** Groups of the same letters are one group in files. */
function placeInFiles(option: CatalogueOption): string {
  return `${option.group.toLowerCase()}.${destOf(option)}`;
}

/** What only a running process registers may be missing here. */
function isListed({ name, namespaces }: CatalogueOption): boolean {
  return !OWN.has(name) && namespaces.length > 0;
}

/** Ways to name an option: bare ones mean the own group or DEFAULT. */
function namesOf(option: CatalogueOption): readonly string[] {
  const names = [destOf(option), ...(option.olderNames ?? []).map(({ name }) => name)];
  return names.flatMap((name) => (option.group === "DEFAULT" ? [name, name] : [name, `${option.group}.${name}`]));
}

/** Forms of a value: N and M are names of options, G and O the option's own group and name. */
const FORMS = [
  ..."$N ${N} a$N ${N}b,$M $$N \\$N $$$N $$$$N $N. $N_x N $G.O $G $DEFAULT.N k:$N http://${N}:$M/".split(" "),
  ..."5 true http://$$h/ 1.2.3.4 $nosuch $nosuch.x".split(" "),
  "",
];

function textFor(option: CatalogueOption | undefined, names: readonly string[], next: () => number): string {
  const words = { N: pick(names, next), M: pick(names, next), G: option?.group ?? "", O: option?.name ?? "" };
  const form = next() < 0.01 ? "$O" : pick(FORMS, next);
  return form.replace(/(?<![A-Z])[NMGO](?![A-Z])/g, (letter) => words[letter as keyof typeof words]);
}

function tried(
  catalogue: Catalogue,
  chosen: { options: readonly CatalogueOption[]; ask: readonly number[]; texts: readonly string[] },
): TriedCloud {
  const { options, ask, texts } = chosen;
  const set = new Map(ask.map((index, at) => [options[index], texts[at]]));
  const lookup: Lookup = lookupIn(catalogue, (option) => set.get(option));
  const groups: Record<string, Record<string, Verbatim>> = {};
  for (const [option, text] of set)
    if (option !== undefined) (groups[option.group] ??= {})[destOf(option)] = new Verbatim(text ?? "");
  const ours = ask.map((index, at): Verdict => {
    const option = options[index];
    if (option === undefined) throw new Error(`no option ${index}`);
    return judgeValue(option, texts[at] ?? "", lookup);
  });
  return { cloud: { text: writeIni(groups), ask }, ours, texts };
}
