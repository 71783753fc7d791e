// options: what a Cloud says of its services' options, judged, explained and traced.
import { existsSync, readdirSync } from "node:fs";
import type { OptionName } from "../oslo/catalogue.ts";
import type { Claim } from "./explain.ts";
import type { OwnedOption, PresetOption, WorkloadOptions } from "../workloads/options-contract.ts";

/** What Underpin itself says of the services' options, from the `options.ts` of all workloads. */
export class Claims {
  readonly all: readonly WorkloadOptions[];
  readonly #owned: ReadonlyMap<string, readonly OwnedOption[]>;
  readonly #preset: ReadonlyMap<string, readonly PresetOption[]>;

  constructor(all: readonly WorkloadOptions[]) {
    this.all = all;
    this.#owned = byGroup(all, ({ owned }) => owned);
    this.#preset = byGroup(all, ({ preset }) => preset);
  }

  /** Why a Cloud cannot set the option, and which of its fields decides it; undefined when it can. */
  ownership(service: string, option: OptionName): OwnedOption | undefined {
    return this.#owned.get(key(service, option.group))?.find((claim) => covers(claim, option.name));
  }

  /** Why Underpin gives the option another value than the release; undefined when it does not. */
  preset(service: string, option: OptionName): PresetOption | undefined {
    return this.#preset.get(key(service, option.group))?.find((claim) => covers(claim, option.name));
  }

  /** What Underpin says of the option; undefined when it says nothing. */
  of(service: string, option: OptionName): Claim | undefined {
    const owned = this.ownership(service, option);
    if (owned !== undefined) {
      const { why, field } = owned;
      return { kind: "owned", why, ...(field === undefined ? {} : { field }) };
    }
    const preset = this.preset(service, option);
    return preset === undefined ? undefined : { kind: "preset", why: preset.why };
  }
}

/** The claims of every workload whose folder has an `options.ts`. `root` ends with a slash. */
export async function loadClaims(root: URL = new URL("../workloads/", import.meta.url)): Promise<Claims> {
  const folders = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(new URL(`${entry.name}/options.ts`, root)))
    .map(({ name }) => name)
    .sort();
  const modules = folders.map(async (folder) => {
    const module = (await import(new URL(`${folder}/options.ts`, root).href)) as { readonly options: WorkloadOptions };
    return module.options;
  });
  return new Claims(await Promise.all(modules));
}

function covers({ names }: { readonly names: readonly string[] }, option: string): boolean {
  return names.some((name) => (name.endsWith("*") ? option.startsWith(name.slice(0, -1)) : name === option));
}

function byGroup<T extends { readonly group: string }>(
  all: readonly WorkloadOptions[],
  of: (options: WorkloadOptions) => readonly T[],
): ReadonlyMap<string, readonly T[]> {
  const pairs = all.flatMap((options) => of(options).map((claim) => ({ service: options.service, claim })));
  const groups = Map.groupBy(pairs, ({ service, claim }) => key(service, claim.group));
  return new Map([...groups].map(([name, list]) => [name, list.map(({ claim }) => claim)]));
}

/** oslo.config compares groups without their case, but for DEFAULT. */
function key(service: string, group: string): string {
  return `${service} ${group === "DEFAULT" ? group : group.toLowerCase()}`;
}
