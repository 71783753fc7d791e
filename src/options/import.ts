// Existing configuration files as fields of a Cloud, with the fate of each of their lines.
import type { Catalogue, CatalogueOption, OptionName } from "../oslo/catalogue.ts";
import { type IniEntry, IniSyntaxError, readIniEntries } from "../oslo/read.ts";
import { type Claim, fullName, suggestions } from "./explain.ts";
import { combine, type ImportedServices, type SecretValue } from "./import-combine.ts";
import type { FileOwner } from "./import-files.ts";
import { importedValue } from "./import-value.ts";
import type { OptionValue } from "../oslo/judge.ts";

/** A file whose service is known. */
export interface ImportFile extends FileOwner {
  readonly file: string;
  readonly text: string;
}

/** What is known of a service. */
export interface ImportContext {
  readonly catalogue: Catalogue;
  readonly claim: (name: OptionName) => Claim | undefined;
  /** Why the release no longer has an option of that name; undefined when it never had one. */
  readonly removed: (name: OptionName) => string | undefined;
}

export type Fate =
  | "kept"
  /** Kept under the name that the release has for it. */
  | "renamed"
  /** Kept as an entry of secretOptions. */
  | "secret"
  | "default"
  | "owned"
  /** A later line of the same file counts. */
  | "overridden"
  | "unknown"
  | "removed"
  | "refused";

/** What became of one line. No value is in it. */
export interface ImportedLine extends OptionName {
  readonly file: string;
  readonly line: number;
  readonly service: string;
  readonly fate: Fate;
  readonly note: string;
}

export interface ImportResult {
  readonly services: ImportedServices;
  readonly lines: readonly ImportedLine[];
  readonly secrets: readonly SecretValue[];
}

/** An option that has a place in the Cloud. */
export interface Taken extends OptionName, FileOwner {
  readonly file: string;
  readonly line: number;
  readonly value: OptionValue;
  readonly secret: boolean;
  readonly isDefault: boolean;
}

/** Fates that leave something for the user to decide. */
export const OPEN_FATES: readonly Fate[] = ["unknown", "removed", "refused"];

/**
 * Reads files in their order: later ones win. `contexts` has every service that they belong to.
 * @throws ImportError for a file that oslo.config would refuse
 */
export function importFiles(files: readonly ImportFile[], contexts: ReadonlyMap<string, ImportContext>): ImportResult {
  const lines: ImportedLine[] = [];
  const taken: Taken[] = [];
  for (const file of files) {
    const context = contexts.get(file.service);
    if (context === undefined) throw new Error(`no catalogue was loaded for ${file.service}`);
    const entries = entriesOf(file);
    const here = known(entries, context);
    const options = Map.groupBy(entries, ({ group, option: name }) =>
      fullName(here.find({ group, name }) ?? { group, name }),
    );
    for (const same of options.values()) {
      const found = importOption(file, same, here);
      lines.push(...found.lines);
      taken.push(...found.taken);
    }
  }
  const { kept, lines: told } = meaningful(taken, lines);
  const combined = combine(kept);
  const clashes = combined.clashes.map((clash) => ({ ...clash, fate: "refused" as const }));
  const refused = new Set(clashes.map(({ file, line }) => `${file}\n${line}`));
  const rest = told.filter(({ file, line }) => !refused.has(`${file}\n${line}`));
  const order = new Map(files.map(({ file }, index) => [file, index]));
  return {
    services: combined.services,
    secrets: combined.secrets,
    lines: [...rest, ...clashes].toSorted(
      (a, b) => (order.get(a.file) ?? 0) - (order.get(b.file) ?? 0) || a.line - b.line,
    ),
  };
}

/** A default is left out, unless another line gives the option another value, for all or for another component. */
function meaningful(taken: readonly Taken[], lines: readonly ImportedLine[]) {
  const key = ({ service, group, name }: Taken): string => `${service}\n${group}\n${name}`;
  const changed = new Set(taken.filter(({ isDefault }) => !isDefault).map(key));
  const kept = taken.filter((one) => changed.has(key(one)));
  const places = new Set(kept.filter(({ isDefault }) => isDefault).map(({ file, line }) => `${file}\n${line}`));
  const note = "the default, where another line says something else";
  return {
    kept,
    lines: lines.map((one): ImportedLine => {
      const { fate } = one;
      return fate === "default" && places.has(`${one.file}\n${one.line}`) ? { ...one, fate: "kept", note } : one;
    }),
  };
}

/** A file that oslo.config would refuse. */
export class ImportError extends Error {
  readonly file: string;
  readonly line: number;
  constructor(file: string, cause: IniSyntaxError) {
    super(`${file}:${cause.line}: the line ${cause.message.replace(/^line \d+: /, "")}`);
    this.name = "ImportError";
    this.file = file;
    this.line = cause.line;
  }
}

function entriesOf({ file, text }: ImportFile): readonly IniEntry[] {
  try {
    return readIniEntries(text);
  } catch (error) {
    throw error instanceof IniSyntaxError ? new ImportError(file, error) : error;
  }
}

type Find = (name: OptionName) => CatalogueOption | undefined;

/** A group that the file itself names (a backend, a store), and the one whose options it has. */
interface NamedGroup {
  readonly group: string;
  readonly like: string;
  readonly listedIn: OptionName;
}

function namedGroups(entries: readonly IniEntry[], catalogue: Catalogue): NamedGroup[] {
  return catalogue.dynamic.flatMap(({ listedIn, like, prefix = "" }) => {
    const listed = entries.findLast(({ group, option }) => group === listedIn.group && option === listedIn.name);
    const names = (listed?.text ?? "").split(",").map((part) => part.trim().split(":")[0] ?? "");
    return names.filter((name) => name !== "").map((name) => ({ group: `${prefix}${name}`, like, listedIn }));
  });
}

/** What is known of the names in one file: older names are the option's own, and whichever stands last counts. */
function known(entries: readonly IniEntry[], context: ImportContext): ImportContext & { readonly find: Find } {
  const { catalogue } = context;
  const groups = namedGroups(entries, catalogue);
  const find: Find = ({ group, name }) => {
    const found = catalogue.find(group, name);
    if (found !== undefined) return found;
    const likes = groups.filter((one) => one.group === group).map(({ like }) => catalogue.find(like, name));
    const option = likes.find((one) => one !== undefined);
    return option === undefined ? undefined : { ...option, group };
  };
  // Without the option that lists it a group means nothing.
  const listing = ({ group, name }: OptionName): OptionName | undefined =>
    catalogue.find(group, name) === undefined ? groups.find((one) => one.group === group)?.listedIn : undefined;
  const claim = (name: OptionName): Claim | undefined => {
    const own = context.claim(name);
    const listedIn = own === undefined ? listing(name) : undefined;
    return listedIn === undefined ? own : context.claim(listedIn);
  };
  return { ...context, find, claim };
}

function importOption(
  file: ImportFile,
  entries: readonly IniEntry[],
  context: ImportContext & { readonly find: Find },
): { readonly lines: readonly ImportedLine[]; readonly taken: readonly Taken[] } {
  const last = entries.at(-1);
  if (last === undefined) return { lines: [], taken: [] };
  const option = context.find({ group: last.group, name: last.option });
  const line = (entry: IniEntry, fate: Fate, note: string): ImportedLine => ({
    file: file.file,
    line: entry.line,
    service: file.service,
    group: entry.group,
    name: entry.option,
    fate,
    note,
  });
  if (option === undefined) return { lines: entries.map((entry) => absent(entry, line, context)), taken: [] };
  const several = option.multi === true;
  const counted = several ? entries : [last];
  const before = several ? [] : entries.slice(0, -1);
  const { fate, note, value } = judge(option, counted, context);
  const lines = [
    ...before.map((entry) => line(entry, "overridden", `line ${last.line} counts`)),
    ...counted.map((entry) => line(entry, ...named(entry, option, fate, note))),
  ];
  if (value === undefined) return { lines, taken: [] };
  const { group, name } = option;
  const owner = file.component === undefined ? {} : { component: file.component };
  const place = { file: file.file, line: last.line, service: file.service, ...owner };
  const isDefault = fate === "default";
  return { lines, taken: [{ ...place, group, name, value, secret: fate === "secret", isDefault }] };
}

function named(entry: IniEntry, option: CatalogueOption, fate: Fate, note: string): [Fate, string] {
  if (entry.group === option.group && entry.option === option.name) return [fate, note];
  const newer = `now ${fullName(option)}`;
  return fate === "kept" ? ["renamed", newer] : [fate, note === "" ? newer : `${newer}; ${note}`];
}

interface Judged {
  readonly fate: Fate;
  readonly note: string;
  /** Absent: it has no place in the Cloud. */
  readonly value?: OptionValue;
}

function judge(option: CatalogueOption, entries: readonly IniEntry[], context: ImportContext): Judged {
  const claim = context.claim(option);
  if (claim?.kind === "owned") {
    const field = claim.field === undefined ? "" : `; use ${claim.field}`;
    return { fate: "owned", note: `${claim.why}${field}` };
  }
  const texts = entries.map(({ text }) => text);
  if (option.secret === true) {
    if (texts.every((text) => text === "")) return { fate: "default", note: "empty" };
    // A Secret's key has one value, and is one line of the configuration.
    if (option.multi === true && texts.length > 1)
      return { fate: "refused", note: "several secrets of one option have no place in a Cloud" };
    return { fate: "secret", note: "", value: texts.at(-1) ?? "" };
  }
  const found = importedValue(option, texts);
  if (found.type === "refused") return { fate: "refused", note: found.reason };
  return { fate: found.isDefault ? "default" : "kept", note: found.note, value: found.value };
}

function absent(
  entry: IniEntry,
  line: (entry: IniEntry, fate: Fate, note: string) => ImportedLine,
  context: ImportContext,
): ImportedLine {
  const name = { group: entry.group, name: entry.option };
  const removed = context.removed(name);
  if (removed !== undefined) return line(entry, "removed", removed);
  const [meant] = suggestions(name, context.catalogue);
  return line(entry, "unknown", meant === undefined ? "" : `did you mean ${meant}?`);
}
