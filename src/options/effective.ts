// The configuration of a service as people and programs read it: equal lines of several processes are one.
import type { Catalogue, CatalogueOption, OptionName } from "../oslo/catalogue.ts";
import { multi, Verbatim, writeIni } from "../oslo/ini.ts";
import { byName, type Process } from "./configuration.ts";
import type { Origin, TracedConfiguration, TracedLine } from "./provenance.ts";
import { typeWords, valueWords } from "./words.ts";

/** What stands instead of a secret. */
export const SECRET = "(secret)";

export interface EffectiveLine extends OptionName {
  /** As a file has it; `(secret)` instead of a secret. An option that is written several times has several. */
  readonly values: readonly string[];
  readonly secret: boolean;
  readonly origin: Origin;
  /** File of the configuration directory; absent for a default. */
  readonly file?: string;
  /** In words; absent when the release does not know the option. */
  readonly type?: string;
  /** oslo.config says that a process can take it while it runs. */
  readonly mutable: boolean;
  /** It really does: a change restarts nothing. */
  readonly inPlace: boolean;
  /** Processes that have this line, `scheduler` or, with its pool, `compute/std`. */
  readonly processes: readonly string[];
}

/** `scheduler`; nova-compute with its pool, `compute/std`. */
export function processName({ component, pool }: Process): string {
  return pool === undefined ? component : `${component}/${pool}`;
}

/** The option of a name; in a group that the operator named, that of the group which is like it. */
export function optionIn(catalogue: Catalogue, { group, name }: OptionName): CatalogueOption | undefined {
  const found = catalogue.find(group, name);
  if (found !== undefined || catalogue.groups.includes(group)) return found;
  return catalogue.dynamic.map(({ like }) => catalogue.find(like, name)).find((option) => option !== undefined);
}

/** What a service's lines are told by. */
export interface EffectiveContext {
  readonly catalogue: Catalogue;
  /** Whether a running process follows a change of the option. */
  readonly inPlace: (name: OptionName) => boolean;
}

/** What the processes are given, and with `defaults` what the release gives them beyond that. */
export function effectiveLines(
  processes: readonly TracedConfiguration[],
  context: EffectiveContext,
  defaults: boolean,
): readonly EffectiveLine[] {
  const lines = processes.flatMap((process) => {
    const given = process.lines.map((line) => writtenLine(line, context));
    const all = defaults ? [...given, ...defaultLines(process, context)] : given;
    return all.map((line) => ({ ...line, processes: [processName(process)] }));
  });
  const same = Map.groupBy(lines, ({ processes: _processes, ...line }) => JSON.stringify(line));
  return [...same.values()]
    .flatMap((equal): EffectiveLine[] => {
      const [first] = equal;
      return first === undefined ? [] : [{ ...first, processes: equal.flatMap((line) => line.processes) }];
    })
    .toSorted(byName);
}

type Line = Omit<EffectiveLine, "processes">;

function writtenLine(line: TracedLine, { catalogue, inPlace }: EffectiveContext): Line {
  const { group, name, texts, file, origin } = line;
  const option = optionIn(catalogue, line);
  const secret = line.secret || isSecret(option, name);
  return {
    group,
    name,
    values: secret ? [SECRET] : texts,
    secret,
    origin: secret ? withoutValue(origin) : origin,
    file,
    ...(option === undefined ? {} : { type: typeWords(option.type) }),
    mutable: option?.mutable === true,
    inPlace: option !== undefined && inPlace(option),
  };
}

/** What no catalogue knows counts as a secret when it is called like one. */
function isSecret(option: CatalogueOption | undefined, name: string): boolean {
  return option === undefined ? /passw|secret|token|credential|_key$/i.test(name) : option.secret === true;
}

function withoutValue(origin: Origin): Origin {
  return origin.from === "user" ? { from: "user", path: origin.path } : origin;
}

function defaultLines(process: TracedConfiguration, { catalogue, inPlace }: EffectiveContext): Line[] {
  const given = new Set(
    process.lines.map((line) => {
      const option = catalogue.find(line.group, line.name) ?? line;
      return `${option.group}\n${option.name}`;
    }),
  );
  return catalogue.groups.flatMap((group) =>
    catalogue
      .options(group)
      .filter((option) => !given.has(`${option.group}\n${option.name}`) && reads(process, option))
      .map((option): Line => ({
        group: option.group,
        name: option.name,
        values: option.secret === true ? [SECRET] : [valueWords(option.default)],
        secret: option.secret === true,
        origin: { from: "default" },
        type: typeWords(option.type),
        mutable: option.mutable === true,
        inPlace: inPlace(option),
      })),
  );
}

function reads({ component }: Process, { readBy }: CatalogueOption): boolean {
  return readBy === undefined || readBy.includes(component);
}

/**
 * The files of a process as one: what oslo.config reads the same, but for secrets and defaults, which are comments.
 * `reason` gives a comment for the line above an option.
 */
export function iniText<LINE extends EffectiveLine>(
  lines: readonly LINE[],
  reason: (line: LINE) => string | undefined = () => undefined,
): string {
  return [...Map.groupBy(lines, ({ group }) => group)]
    .map(([group, all]) =>
      [`[${group}]`, ...all.flatMap((line) => [...comment(reason(line)), optionText(line)])].join("\n"),
    )
    .join("\n\n");
}

function comment(text: string | undefined): string[] {
  return text === undefined ? [] : [`# ${text.replaceAll(/\s+/g, " ")}`];
}

function optionText({ group, name, values, secret, origin }: EffectiveLine): string {
  if (secret) return `# ${name} = ${SECRET}`;
  if (origin.from === "default") return `# ${name} = ${values.join(", ").replaceAll("\n", "\n#     ")}`;
  const text = writeIni({ [group]: { [name]: new Verbatim(multi(...values)) } });
  return text.slice(text.indexOf("\n") + 1).trimEnd();
}
