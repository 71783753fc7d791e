// Options of several files as the fields of one Cloud.
import { isDeepStrictEqual } from "node:util";
import type { OptionValue } from "../oslo/judge.ts";
import type { ImportedLine, Taken } from "./import.ts";

export type ImportedOptions = Readonly<Record<string, Readonly<Record<string, OptionValue>>>>;

export interface SecretOption {
  readonly group: string;
  readonly option: string;
  readonly secretRef: { readonly name: string; readonly key: string };
}

/** Fields of a service of the Cloud. */
export interface ImportedService {
  readonly options?: ImportedOptions;
  readonly secretOptions?: readonly SecretOption[];
  readonly components?: readonly { readonly name: string; readonly options: ImportedOptions }[];
}

export type ImportedServices = Readonly<Record<string, ImportedService>>;

/** A value that belongs into a Secret; never to be shown. */
export interface SecretValue {
  readonly service: string;
  readonly secret: string;
  readonly key: string;
  readonly value: string;
}

export interface Combined {
  readonly services: ImportedServices;
  readonly secrets: readonly SecretValue[];
  /** Lines that say another thing than a line before, where the Cloud has one place for both. */
  readonly clashes: readonly Omit<ImportedLine, "fate">[];
}

export function combine(taken: readonly Taken[]): Combined {
  const secrets: SecretValue[] = [];
  const clashes: Omit<ImportedLine, "fate">[] = [];
  const services: Record<string, ImportedService> = {};
  for (const [service, all] of Map.groupBy(taken, (one) => one.service)) {
    const plain = all.filter((one) => !one.secret);
    const found = secretOptions(
      service,
      all.filter((one) => one.secret),
    );
    secrets.push(...found.values);
    clashes.push(...found.clashes);
    services[service] = {
      ...shared(plain),
      ...(found.entries.length === 0 ? {} : { secretOptions: found.entries }),
      ...ofComponents(plain),
    };
  }
  return { services, secrets, clashes };
}

/** The component files of a service that were given. */
function componentsOf(taken: readonly Taken[]): string[] {
  return [...new Set(taken.flatMap(({ component }) => (component === undefined ? [] : [component])))].toSorted();
}

/** Whether all of several components say the same: then it is the service's. */
function isShared(one: Taken, taken: readonly Taken[]): boolean {
  if (one.component === undefined) return true;
  const components = componentsOf(taken);
  const same = taken.filter(
    ({ group, name, component, value }) =>
      component !== undefined && group === one.group && name === one.name && isDeepStrictEqual(value, one.value),
  );
  return components.length > 1 && new Set(same.map(({ component }) => component)).size === components.length;
}

function shared(taken: readonly Taken[]): Pick<ImportedService, "options"> {
  const options = optionsOf(taken.filter((one) => isShared(one, taken)));
  return Object.keys(options).length === 0 ? {} : { options };
}

function ofComponents(taken: readonly Taken[]): Pick<ImportedService, "components"> {
  const components = componentsOf(taken).flatMap((name) => {
    const options = optionsOf(taken.filter((one) => one.component === name && !isShared(one, taken)));
    return Object.keys(options).length === 0 ? [] : [{ name, options }];
  });
  return components.length === 0 ? {} : { components };
}

function optionsOf(taken: readonly Taken[]): ImportedOptions {
  const groups = [...Map.groupBy(taken, ({ group }) => group)].toSorted(([a], [b]) => order(a, b));
  return Object.fromEntries(
    groups.map(([group, options]) => [
      group,
      Object.fromEntries(
        [...Map.groupBy(options, ({ name }) => name)]
          .toSorted(([a], [b]) => (a < b ? -1 : 1))
          .map(([name, values]) => [name, values.at(-1)?.value ?? ""]),
      ),
    ]),
  );
}

function order(left: string, right: string): number {
  return Number(right === "DEFAULT") - Number(left === "DEFAULT") || (left < right ? -1 : 1);
}

function secretOptions(service: string, taken: readonly Taken[]) {
  const entries: SecretOption[] = [];
  const values: SecretValue[] = [];
  const clashes: Omit<ImportedLine, "fate">[] = [];
  for (const all of Map.groupBy(taken, ({ group, name }) => `${group}.${name}`).values()) {
    const last = all.at(-1);
    if (last === undefined) continue;
    const { group, name } = last;
    const secret = `${service}-options`;
    const key = `${group}.${name}`.replaceAll(/[^-._a-zA-Z0-9]/g, "-");
    const value = typeof last.value === "string" ? last.value : JSON.stringify(last.value);
    entries.push({ group, option: name, secretRef: { name: secret, key } });
    values.push({ service, secret, key, value });
    for (const other of all.filter((one) => !isDeepStrictEqual(one.value, last.value)))
      clashes.push({
        file: other.file,
        line: other.line,
        service,
        group,
        name,
        note: `${last.file}:${last.line} has another value, and secretOptions are for the whole service`,
      });
  }
  return { entries, values, clashes };
}
