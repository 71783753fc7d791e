import type { CatalogueOption, JsonValue, OptionName, OptionType } from "../../oslo/catalogue.ts";
import type { ServiceOptions } from "./services.ts";

/** The machine that a run of the dumper pretends to be on. */
export interface Facts {
  readonly host: string;
  readonly cpus: number;
  readonly address: string;
  /** Home and temporary folders. */
  readonly folder: string;
}

/** Two machines that have nothing in common: what differs between their runs depends on the machine. */
export const MACHINES: readonly [Facts, Facts] = [
  { host: "one.underpin.invalid", cpus: 3, address: "192.0.2.1", folder: "/tmp/one" },
  { host: "two.underpin.invalid", cpus: 61, address: "198.51.100.2", folder: "/tmp/two" },
];

/** The machine on which components are started. */
export const STARTED_ON = MACHINES[1];

/** An option as the dumper says it. */
export interface DumpedOption extends OptionName {
  readonly type: OptionType;
  readonly multi?: true;
  readonly default?: JsonValue;
  /** Never the dumper's word: found by comparing two machines. */
  readonly fromMachine?: true;
  readonly sampleDefault?: JsonValue;
  readonly secret?: true;
  readonly mutable?: true;
  readonly advanced?: true;
  readonly required?: true;
  readonly deprecated?: { readonly for: "removal"; readonly reason?: string; readonly since?: string };
  readonly olderNames?: readonly OptionName[];
  readonly help?: string;
  readonly namespace: string;
}

export interface Dump {
  /** Distribution of each namespace that is installed. */
  readonly namespaces: Readonly<Record<string, string>>;
  readonly services: Readonly<
    Record<string, { readonly options: readonly DumpedOption[]; readonly errors: Readonly<Record<string, string>> }>
  >;
  /** Options of the plugins of keystoneauth; their group is that which names the plugin. */
  readonly auth: readonly DumpedOption[];
}

/** Options that cannot be told: namespaces that fail, two definitions that contradict each other. */
export class CatalogueError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "CatalogueError";
  }
}

/** The options of one service from the dumps of two machines. Pure. */
export function assemble(name: string, service: ServiceOptions, dumps: readonly [Dump, Dump]): CatalogueOption[] {
  const [first, second] = dumps.map((dump) => dump.services[name]?.options ?? []);
  if (first === undefined || second?.length !== first.length)
    throw new CatalogueError(`${name} has other options on another machine: the dumper must not ask the machine`);
  const same = first.map((option, index) => mask(option, second[index] ?? option));
  const order = new Map(service.namespaces.map((namespace, index) => [namespace, index]));
  const rank = (option: DumpedOption): number => order.get(option.namespace) ?? order.size;
  const definitions = Map.groupBy(same, identity);
  const options = [...definitions.values()].map((each) =>
    merge(each.toSorted((left, right) => rank(left) - rank(right))),
  );
  return withAuth(options, dumps[0].auth);
}

/** Groups whose names differ in the case of letters alone are one section of a file, but for DEFAULT. */
export function identity({ group, name }: OptionName): string {
  return `${group === "DEFAULT" ? group : group.toLowerCase()}\0${name}`;
}

/** Every group by one name: its first. */
function spelledAlike(options: readonly CatalogueOption[]): CatalogueOption[] {
  const names = new Map<string, string>();
  for (const { group } of options) {
    const key = identity({ group, name: "" });
    names.set(key, names.get(key) ?? group);
  }
  return options.map((option) => ({ ...option, group: names.get(identity({ ...option, name: "" })) ?? option.group }));
}

/** What a component had registered when it was started, as far as it comes without the world. */
export interface Started {
  readonly options: readonly Omit<DumpedOption, "namespace">[];
  /** What it had loaded: names and files. */
  readonly modules: Readonly<Record<string, string>>;
  /** Why it did not come as far as it should; empty when it did. */
  readonly stopped: string;
}

/** Depend on how the process was started. */
const COMMAND_LINE = new Set(["config_dir", "config_file"]);

/**
 * Adds what components register and no namespace lists, and takes their word for defaults: a service may change those of a
 * library beside its hooks. Where components differ, the sample's default stays. Pure.
 */
export function withStarted(
  options: readonly CatalogueOption[],
  started: Readonly<Record<string, Started>>,
): CatalogueOption[] {
  const known = new Map(options.map((option) => [identity(option), option]));
  const registered = Object.values(started).flatMap((one) => one.options);
  for (const [id, same] of Map.groupBy(registered, identity)) {
    const definitions = same.map((option) => masked({ ...option, namespace: "" }));
    const listed = known.get(id);
    if (listed === undefined) known.set(id, merge(definitions));
    else if (!COMMAND_LINE.has(listed.name) && listed.fromMachine !== true) known.set(id, asRun(listed, definitions));
  }
  return spelledAlike([...known.values()]);
}

function asRun(listed: CatalogueOption, definitions: readonly DumpedOption[]): CatalogueOption {
  const defaults = [...new Map(definitions.map((option) => [JSON.stringify(option.default), option.default])).values()];
  if (defaults.length !== 1) return listed;
  const { default: _, ...rest } = listed;
  return defaults[0] === undefined ? rest : { ...rest, default: defaults[0] };
}

/** A component is started on one machine only, whose facts no default has by chance. */
function masked(option: DumpedOption): DumpedOption {
  const { default: value, ...rest } = option;
  const text = JSON.stringify(value) ?? "";
  const facts = STARTED_ON;
  const known = [facts.host, facts.address, facts.folder].some((fact) => text.includes(fact));
  if (!known && text !== String(facts.cpus)) return option;
  return { ...rest, fromMachine: true, sampleDefault: rest.sampleDefault ?? placeholder(text, facts) };
}

/** Without a default, or a bound of its type, that is another on another machine. */
function mask(option: DumpedOption, other: DumpedOption): DumpedOption {
  const { default: here, type, ...rest } = option;
  const { default: there, type: otherType, ...otherRest } = other;
  const same = sameBounds(type, otherType);
  if (JSON.stringify(rest) !== JSON.stringify(otherRest) || same === undefined)
    throw new CatalogueError(
      `[${option.group}] ${option.name} differs from machine to machine in more than its default and its bounds`,
    );
  if (JSON.stringify(here) === JSON.stringify(there)) return { ...option, type: same };
  const sampleDefault = rest.sampleDefault ?? placeholder(JSON.stringify(here) ?? "");
  return { ...rest, type: same, fromMachine: true, sampleDefault };
}

/** The type with the bounds that both have; undefined when it is another type. */
function sameBounds(type: OptionType, other: OptionType): OptionType | undefined {
  const entries = Object.entries(other);
  const both = Object.entries(type).filter(([key, value]) =>
    entries.some(([name, theirs]) => name === key && JSON.stringify(theirs) === JSON.stringify(value)),
  );
  const lost = Object.keys({ ...type, ...other }).filter((key) => !both.some(([name]) => name === key));
  return lost.every((key) => key === "min" || key === "max") ? (Object.fromEntries(both) as OptionType) : undefined;
}

function placeholder(value: string, facts: Facts = MACHINES[0]): string {
  if (value.includes(facts.host)) return "<host name>";
  if (value.includes(facts.address)) return "<IP address>";
  if (value.includes(facts.folder)) return "<folder of the user>";
  return /^\d+$/.test(value) ? "<from the number of CPUs>" : "<depends on the machine>";
}

/** One option from all its definitions, the most telling first. */
function merge(same: readonly DumpedOption[]): CatalogueOption {
  const [first = missing()] = same;
  const { namespace: _, deprecated, required, advanced, mutable, secret, ...rest } = first;
  const olderNames = distinct(same.flatMap((option) => option.olderNames ?? []));
  const every = (flag: true | undefined, key: "required" | "advanced" | "mutable"): boolean =>
    flag === true && same.every((option) => option[key] === true);
  return {
    ...rest,
    ...(every(required, "required") ? { required: true } : {}),
    ...(every(advanced, "advanced") ? { advanced: true } : {}),
    ...(every(mutable, "mutable") ? { mutable: true } : {}),
    ...(secret === true || same.some((option) => option.secret === true) ? { secret: true } : {}),
    ...(deprecated !== undefined && same.every((option) => option.deprecated !== undefined)
      ? { deprecated: reasonOf(deprecated) }
      : {}),
    ...(olderNames.length === 0 ? {} : { olderNames }),
    namespaces: [...new Set(same.map(({ namespace }) => namespace))].filter((one) => one !== "").toSorted(),
  };
}

function missing(): never {
  throw new CatalogueError("an option has no definition");
}

function reasonOf({ reason, since }: { readonly reason?: string; readonly since?: string }) {
  return { ...(reason === undefined ? {} : { reason }), ...(since === undefined ? {} : { since }) };
}

function distinct(names: readonly OptionName[]): OptionName[] {
  return [...new Map(names.map((name) => [identity(name), name])).values()];
}

/** A group with `auth_type` has the options of every plugin that can stand there; which are read, the value decides. */
function withAuth(options: readonly CatalogueOption[], auth: readonly DumpedOption[]): CatalogueOption[] {
  const groups = options.filter(({ name }) => name === "auth_type").map(({ group }) => group);
  const known = new Map(options.map((option) => [identity(option), option]));
  for (const group of groups)
    for (const same of Map.groupBy(auth, ({ name }) => name).values()) {
      const here = same.map((option): DumpedOption => ({
        ...option,
        group,
        namespace: "keystoneauth1",
        ...(option.olderNames === undefined
          ? {}
          : { olderNames: option.olderNames.map(({ name }) => ({ group, name })) }),
      }));
      const plugin = merge(here);
      const own = known.get(identity(plugin)) ?? plugin;
      const olderNames = distinct([...(own.olderNames ?? []), ...(plugin.olderNames ?? [])]);
      const { required: _, ...rest } = own;
      known.set(identity(plugin), { ...rest, ...(olderNames.length === 0 ? {} : { olderNames }) });
    }
  return [...known.values()];
}
