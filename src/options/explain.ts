// What there is to know about an option of a release, as data: `underpin explain` draws it.
import { nearest } from "../api/nearest.ts";
import type { Catalogue, CatalogueChange, CatalogueOption, JsonValue, OptionName } from "../oslo/catalogue.ts";
import { exampleCloud } from "./example.ts";
import { typeWords } from "./words.ts";

/** What Underpin says of an option that it sets: its own, or a value of its own that the Cloud may change. */
export interface Claim {
  readonly kind: "owned" | "preset";
  readonly why: string;
  /** Field of the Cloud that decides it, `spec.network.mtu`. */
  readonly field?: string;
}

/** What surrounds a catalogue when one of its options is explained. */
export interface ExplainContext {
  readonly catalogue: Catalogue;
  readonly claim: (name: OptionName) => Claim | undefined;
  /** Whether a running process follows a change of the option; that it is marked mutable is not enough. */
  readonly inPlace: (name: OptionName) => boolean;
  /** What differs in the next release that is known; absent when this is the last. */
  readonly next?: { readonly release: string; readonly changes: readonly CatalogueChange[] };
}

/** An option in one line. */
export interface OptionSummary extends OptionName {
  readonly type: string;
  readonly default?: JsonValue;
  /** oslo.config says that a process can take it while it runs. */
  readonly mutable: boolean;
  /** It really does: a change restarts nothing. */
  readonly inPlace: boolean;
  readonly secret: boolean;
  readonly advanced: boolean;
  readonly deprecated: boolean;
  readonly owned: boolean;
  /** First sentence of its help. */
  readonly brief: string;
}

export interface OptionExplanation extends OptionName {
  readonly type: "option";
  readonly release: string;
  readonly service: string;
  /** The older name that was asked for. */
  readonly askedBy?: OptionName;
  readonly allowed: string;
  readonly multi: boolean;
  readonly default?: JsonValue;
  readonly sampleDefault?: JsonValue;
  /** The default is a fact of the machine. */
  readonly fromMachine: boolean;
  readonly secret: boolean;
  readonly mutable: boolean;
  readonly inPlace: boolean;
  readonly advanced: boolean;
  readonly required: boolean;
  readonly deprecated?: { readonly reason?: string; readonly since?: string };
  readonly olderNames: readonly OptionName[];
  readonly readBy: readonly string[];
  readonly claim?: Claim;
  readonly help?: string;
  /** Fields of the Cloud that set it, by way of example; absent when it is Underpin's. */
  readonly example?: JsonValue;
  readonly next?: { readonly release: string; readonly changes: readonly CatalogueChange[] };
}

export type Explanation =
  | OptionExplanation
  | {
      readonly type: "group";
      readonly release: string;
      readonly service: string;
      readonly group: string;
      readonly options: readonly OptionSummary[];
    }
  | {
      readonly type: "service";
      readonly release: string;
      readonly service: string;
      readonly components: readonly string[];
      readonly groups: readonly { readonly group: string; readonly options: number }[];
    }
  /** `name` alone stands in several groups. */
  | { readonly type: "several"; readonly name: string; readonly options: readonly OptionSummary[] }
  | { readonly type: "unknown"; readonly what: string; readonly meant: readonly string[] };

/** The parts of `nova.DEFAULT.debug`; what a Cloud's path has beyond them is taken away. */
export function parseTarget(target: string): { readonly service: string; readonly rest: string } {
  const plain = target.replace(/^spec\./, "").replace(/^services\./, "");
  const [service = "", ...rest] = plain.split(".");
  return { service, rest: rest.join(".").replace(/^(?:options|uncheckedOptions)\.(?=.)/, "") };
}

/** Explains what `rest` names in a service: nothing, a group, an option by any of its names. */
export function explain(rest: string, context: ExplainContext): Explanation {
  const { catalogue } = context;
  const { release, service } = catalogue;
  if (rest === "") return explainService(catalogue);
  const group = groupNamed(catalogue, rest);
  if (group !== undefined) {
    const options = catalogue.options(group).map((option) => summary(option, context));
    return { type: "group", release, service, group, options };
  }
  const dot = rest.lastIndexOf(".");
  if (dot < 0) return explainBare(rest, context);
  const asked = { group: rest.slice(0, dot), name: rest.slice(dot + 1) };
  const option = catalogue.find(groupNamed(catalogue, asked.group) ?? asked.group, asked.name);
  return option === undefined ? unknown(asked, catalogue) : explainOption(option, asked, context);
}

function explainService(catalogue: Catalogue): Explanation {
  const { release, service, components } = catalogue;
  const groups = catalogue.groups.map((group) => ({ group, options: catalogue.options(group).length }));
  return { type: "service", release, service, components, groups };
}

/** oslo.config takes a group as it is written; only DEFAULT is often meant by another spelling. */
function groupNamed(catalogue: Catalogue, name: string): string | undefined {
  if (catalogue.groups.includes(name)) return name;
  return name.toUpperCase() === "DEFAULT" && catalogue.groups.includes("DEFAULT") ? "DEFAULT" : undefined;
}

/** A name without a group: the option of that name where there is one, or all of them. */
function explainBare(name: string, context: ExplainContext): Explanation {
  const { catalogue } = context;
  const found = allOptions(catalogue).filter((option) => option.name === name);
  const [first, ...more] = found;
  if (first === undefined) {
    const group = nearest(name, catalogue.groups);
    const options = suggestions({ group: "DEFAULT", name }, catalogue);
    const meant = [...(group === undefined ? [] : [group]), ...options];
    return { type: "unknown", what: `a group or option ${name}`, meant: targets(catalogue, meant) };
  }
  if (more.length === 0) return explainOption(first, first, context);
  return { type: "several", name, options: found.map((option) => summary(option, context)) };
}

function unknown(asked: OptionName, catalogue: Catalogue): Explanation {
  const meant = targets(catalogue, suggestions(asked, catalogue));
  return { type: "unknown", what: `an option ${asked.group}.${asked.name}`, meant };
}

function targets(catalogue: Catalogue, meant: readonly string[]): string[] {
  return meant.map((one) => `${catalogue.service}.${one}`);
}

/** Names that were probably meant, the likeliest first: the same name elsewhere, a similar one in the group, in any group. */
export function suggestions({ group, name }: OptionName, catalogue: Catalogue): string[] {
  const all = allOptions(catalogue);
  const elsewhere = all.filter((option) => option.name === name).map(fullName);
  const own = catalogue.options(nearest(group, catalogue.groups) ?? group);
  const near = [own, all].flatMap((options) => {
    const found = nearest(
      name,
      options.map((option) => option.name),
    );
    return options.filter((option) => option.name === found).map(fullName);
  });
  return [...new Set([...elsewhere, ...near])].slice(0, 3);
}

function allOptions(catalogue: Catalogue): CatalogueOption[] {
  return catalogue.groups.flatMap((group) => [...catalogue.options(group)]);
}

/** `DEFAULT.debug`. */
export function fullName({ group, name }: OptionName): string {
  return `${group}.${name}`;
}

function summary(option: CatalogueOption, { claim, inPlace }: ExplainContext): OptionSummary {
  const { group, name, type, multi, secret } = option;
  return {
    group,
    name,
    type: multi === true ? `${typeWords(type)}, several times` : typeWords(type),
    ...(option.default === undefined || secret === true ? {} : { default: option.default }),
    mutable: option.mutable === true,
    inPlace: inPlace(option),
    secret: secret === true,
    advanced: option.advanced === true,
    deprecated: option.deprecated !== undefined,
    owned: claim(option)?.kind === "owned",
    brief: firstSentence(option.help ?? ""),
  };
}

function firstSentence(help: string): string {
  const [paragraph = ""] = help.trim().split(/\n\s*\n/);
  const text = paragraph.replaceAll(/\s+/g, " ");
  return (/^.*?[^.]\.(?=\s|$)/.exec(text)?.[0] ?? text).replace(/\.$/, "");
}

function explainOption(option: CatalogueOption, asked: OptionName, context: ExplainContext): OptionExplanation {
  const { catalogue, next } = context;
  const { group, name, deprecated, help, sampleDefault } = option;
  const claim = context.claim(option);
  const concerns = (change: CatalogueChange): boolean => change.group === group && change.name === name;
  const older = asked.group.toUpperCase() === group.toUpperCase() && asked.name === name ? {} : { askedBy: asked };
  return {
    type: "option",
    release: catalogue.release,
    service: catalogue.service,
    group,
    name,
    ...older,
    allowed: typeWords(option.type),
    multi: option.multi === true,
    ...(option.default === undefined ? {} : { default: option.default }),
    ...(sampleDefault === undefined ? {} : { sampleDefault }),
    fromMachine: option.fromMachine === true,
    secret: option.secret === true,
    mutable: option.mutable === true,
    inPlace: context.inPlace(option),
    advanced: option.advanced === true,
    required: option.required === true,
    ...(deprecated === undefined ? {} : { deprecated }),
    olderNames: option.olderNames ?? [],
    readBy: option.readBy ?? catalogue.components,
    ...(help === undefined ? {} : { help }),
    ...(claim === undefined ? {} : { claim }),
    ...(claim?.kind === "owned" ? {} : { example: exampleCloud(option, catalogue.service) }),
    ...(next === undefined ? {} : { next: { release: next.release, changes: next.changes.filter(concerns) } }),
  };
}
