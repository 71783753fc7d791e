// What of the differences between two releases concerns a Cloud, and what is left.
import type { Catalogue, CatalogueChange, CatalogueOption } from "../oslo/catalogue.ts";
import type { Origin, TracedConfiguration, TracedLine } from "./provenance.ts";

/** A difference in an option that the Cloud's processes are given. */
export interface Concern extends CatalogueChange {
  readonly service: string;
  /** Who sets it. */
  readonly by: Exclude<Origin["from"], "default">;
  /** The user's place in the Cloud. */
  readonly path?: readonly string[];
  /** Components that are given it. */
  readonly components: readonly string[];
  /** Why the later release would refuse the value that is set; secrets are not judged. */
  readonly refused?: string;
}

/** What two releases of a service differ in. */
export interface ServiceChanges {
  readonly service: string;
  readonly changes: readonly CatalogueChange[];
  /** Of the release before. */
  readonly before: Catalogue;
  /** Of the release after. */
  readonly after: Catalogue;
}

/** Why the later release refuses these texts of an option; undefined when it takes them. */
export type Refusal = (option: CatalogueOption, texts: readonly string[]) => string | undefined;

/** The differences that concern what the Cloud, its profile or Underpin sets: the user's first. */
export function concerns(
  services: readonly ServiceChanges[],
  configurations: readonly TracedConfiguration[],
  refusal: Refusal,
): readonly Concern[] {
  const found = services.flatMap((one) => {
    const own = configurations.filter(({ service }) => service === one.service);
    return one.changes.flatMap((change) => {
      const lines = own.flatMap(({ component, lines: all }) =>
        all.filter((line) => names(line, change, one.before)).map((line) => ({ component, line })),
      );
      return [...Map.groupBy(lines, ({ line }) => whoKey(line)).values()].map((same) =>
        concern(one, change, same, refusal),
      );
    });
  });
  return found.toSorted((a, b) => Number(a.by !== "user") - Number(b.by !== "user"));
}

/** A line names an option by today's name or by an older one. */
function names(line: TracedLine, change: CatalogueChange, catalogue: Catalogue): boolean {
  const option = catalogue.find(line.group, line.name);
  return option?.group === change.group && option.name === change.name;
}

function whoKey({ origin }: TracedLine): string {
  return origin.from === "user" ? origin.path.join(".") : origin.from;
}

type Place = { readonly component: string; readonly line: TracedLine };

function concern(
  { service, after }: ServiceChanges,
  change: CatalogueChange,
  places: readonly Place[],
  refusal: Refusal,
): Concern {
  const line = places[0]?.line;
  const origin = line?.origin;
  const later = change.to ?? change;
  const option = after.find(later.group, later.name);
  const reason =
    option === undefined || line === undefined || line.secret || option.secret === true
      ? undefined
      : refusal(option, line.texts);
  return {
    ...change,
    service,
    by: origin === undefined || origin.from === "default" ? "underpin" : origin.from,
    ...(origin?.from === "user" ? { path: origin.path } : {}),
    components: [...new Set(places.map(({ component }) => component))].toSorted(),
    ...(reason === undefined ? {} : { refused: reason }),
  };
}
