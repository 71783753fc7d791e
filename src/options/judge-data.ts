import type { Catalogue, CatalogueChange, PolicyRule } from "../oslo/catalogue.ts";
import type { Claims } from "./owned.ts";

/** What differs between the Cloud's release and another. */
export interface ReleaseChanges {
  /** The other release. */
  readonly release: string;
  readonly changes: readonly CatalogueChange[];
}

/** What is known of a service in the release of a Cloud. */
export interface ServiceData {
  readonly catalogue: Catalogue;
  /** Rules that its API registers; absent: not known, and then no rule is unknown. */
  readonly policy?: readonly PolicyRule[];
  /** From the release before to this one. */
  readonly before?: ReleaseChanges;
  /** From this release to the next. */
  readonly next?: ReleaseChanges;
}

/** Everything that options are judged by. */
export interface JudgeData {
  /** By name; a service that is not in it is not judged. */
  readonly services: ReadonlyMap<string, ServiceData>;
  readonly claims: Claims;
}
