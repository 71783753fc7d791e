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
  const masked = first.map((option, index) => mask(option, second[index] ?? option));
  const order = new Map(service.namespaces.map((namespace, index) => [namespace, index]));
  const rank = (option: DumpedOption): number => order.get(option.namespace) ?? order.size;
  const definitions = Map.groupBy(masked, identity);
  const options = [...definitions.values()].map((same) =>
    merge(same.toSorted((left, right) => rank(left) - rank(right))),
  );
  return withAuth(options, dumps[0].auth);
}

function identity({ group, name }: OptionName): string {
  return `${group}\0${name}`;
}

/** Without a default that is another on another machine. */
function mask(option: DumpedOption, other: DumpedOption): DumpedOption {
  const { default: here, ...rest } = option;
  const { default: there, ...otherRest } = other;
  if (JSON.stringify(rest) !== JSON.stringify(otherRest))
    throw new CatalogueError(
      `[${option.group}] ${option.name} differs from machine to machine in more than its default`,
    );
  if (JSON.stringify(here) === JSON.stringify(there)) return option;
  return { ...rest, fromMachine: true, sampleDefault: rest.sampleDefault ?? placeholder(JSON.stringify(here)) };
}

function placeholder(value: string): string {
  const [facts] = MACHINES;
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
    namespaces: [...new Set(same.map(({ namespace }) => namespace))].toSorted(),
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
