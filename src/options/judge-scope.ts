import type { Path } from "../api/walk.ts";
import type { CatalogueOption, OptionName } from "../oslo/catalogue.ts";
import type { Lookup } from "../oslo/interpolation.ts";
import type { ServiceData } from "./judge-data.ts";
import type { Hints } from "./judge-limits.ts";
import type { Claims } from "./owned.ts";

/** A map of the Cloud that holds options, and whose options they are. */
export interface Scope {
  readonly service: string;
  readonly data: ServiceData;
  readonly claims: Claims;
  readonly hints: Hints;
  /** The component that alone reads them; undefined: all of the service. */
  readonly component?: string;
  /** What the option of this name is here: those of groups that the Cloud names itself are their model's. */
  readonly find: (name: OptionName) => CatalogueOption | undefined;
  /** What references in values mean here. */
  readonly lookup: Lookup;
  /** The same option is set for a wider scope: to set it to its default here means something. */
  readonly overrides: (option: CatalogueOption, group: string) => boolean;
}

/** One option as the Cloud has it. */
export interface Given extends OptionName {
  readonly path: Path;
  readonly value: unknown;
}

/** `nova 2025.1` */
export function releaseOf({ service, data }: Scope): string {
  return `${service} ${data.catalogue.release}`;
}

export function same(left: OptionName, right: OptionName): boolean {
  return left.group.toLowerCase() === right.group.toLowerCase() && left.name === right.name;
}
