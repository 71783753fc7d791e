// The user's options of one process, parted: what starts it anew when it changes, and what it takes while it runs.
import { componentOptions, type ComputePool, type ResolvedService } from "../../api/cloud.ts";
import { mergeIni, Verbatim, type IniData, type IniGroup, type IniValue } from "../../oslo/ini.ts";
import { iniValue } from "../../oslo/judge.ts";
import type { BuildInput, OptionFacts } from "../contract.ts";
import { inPlace } from "./in-place.ts";

export interface UserOptionsOf {
  /** Service of the Cloud whose options they are: `nova` for nova-compute, too. */
  readonly service: string;
  readonly resolved: ResolvedService;
  /** The process, by the name that a Cloud and the catalogue have for it. */
  readonly component: string;
  /** Options that win over the component's: those of a compute pool. */
  readonly further?: ComputePool["options"];
}

export interface UserOptions {
  /** For the end of the base layer. */
  readonly base: IniData;
  /** For the mutable layer. */
  readonly mutable: IniData;
}

/** `$name` in a user's value refers to another option. Options that this process does not read are left out, so that they do not roll it. */
export function userOptions(input: BuildInput, of: UserOptionsOf): UserOptions {
  const { service, resolved, component, further = {} } = of;
  const facts = input.release.options?.[service];
  const unchecked = verbatim(resolved.uncheckedOptions);
  const typed = (options: ComputePool["options"]): IniData => written(options, facts);
  const all = mergeIni(typed(componentOptions(resolved, component)), unchecked, typed(further));
  const read = facts === undefined ? all : readOptions(all, unchecked, { facts, component });
  const taken = (group: string, name: string): boolean =>
    facts?.mutable.has(optionKey(group, name)) === true &&
    inPlace(service).has(optionKey(group, name)) &&
    // What nobody checks is never taken by a running process.
    unchecked[group]?.[name] === undefined;
  return { base: filter(read, (group, name) => !taken(group, name)), mutable: filter(read, taken) };
}

/** How an option is looked up in `OptionFacts`: oslo.config compares groups without their case, but for DEFAULT. */
export function optionKey(group: string, name: string): string {
  return `${group === "DEFAULT" ? group : group.toLowerCase()}.${name}`;
}

interface Reader {
  readonly facts: OptionFacts;
  readonly component: string;
}

/** The options that the process reads, by itself or because one that it reads refers to them, and all that nobody checks. */
function readOptions(all: IniData, unchecked: IniData, { facts, component }: Reader): IniData {
  const referred = references(all);
  return filter(all, (group, name) => {
    const readers = facts.readBy.get(optionKey(group, name));
    if (readers === undefined || readers.includes(component)) return true;
    return unchecked[group]?.[name] !== undefined || referred.has(name);
  });
}

/** Last parts of all names that values refer to: `$my_ip`, `${state_path}`, `$group.name`. */
function references(options: IniData): ReadonlySet<string> {
  const text = JSON.stringify(options);
  const names = [...text.matchAll(/\$\{?([_a-z][._a-z0-9]*)/gi)].map(([, name = ""]) => name);
  return new Set(names.map((name) => name.slice(name.lastIndexOf(".") + 1)));
}

function filter(options: IniData, keep: (group: string, name: string) => boolean): IniData {
  const groups = Object.entries(options).map(([group, values]): [string, IniGroup] => [
    group,
    Object.fromEntries(Object.entries(values).filter(([name]) => keep(group, name))),
  ]);
  return Object.fromEntries(groups.filter(([, values]) => Object.keys(values).length > 0));
}

/** The options in the form in which the service reads them back as they were meant. @throws IniError where there is none */
function written(options: ComputePool["options"], facts: OptionFacts | undefined): IniData {
  return eachOption(options, (group, name, value) => {
    const option = facts?.formed.get(optionKey(group, name));
    return option === undefined ? new Verbatim(value) : iniValue(option, value);
  });
}

function verbatim(options: ComputePool["options"]): IniData {
  return eachOption(options, (_group, _name, value) => new Verbatim(value));
}

type Value = ComputePool["options"][string][string];

function eachOption(
  options: ComputePool["options"],
  of: (group: string, name: string, value: Value) => IniValue,
): IniData {
  return Object.fromEntries(
    Object.entries(options).map(([group, values]) => [
      group,
      Object.fromEntries(Object.entries(values).map(([name, value]) => [name, of(group, name, value)])),
    ]),
  );
}
