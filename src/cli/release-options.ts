// The options of a release, as the verbs need them: loaded, with what Underpin says of them, and wrong names told.
import { basename, dirname, join, resolve } from "node:path";
import type { Catalogue, CatalogueChange, OptionName, PolicyRule } from "../oslo/catalogue.ts";
import type { Claim } from "../options/explain.ts";
import { CliError, EXIT } from "./errors.ts";

/** What Underpin says of an option of a service. */
export type ClaimOf = (service: string, name: OptionName) => Claim | undefined;

/** Where a release's data is: in this version's, or in a folder that `release catalogue --output` made. */
function located(release: string): readonly [name: string, root?: string] {
  return release.includes("/") ? [basename(release), dirname(release)] : [release];
}

/**
 * The release to speak of: the given one, by its name or as a folder with its data, else the last that this version can
 * run. Throws CliError (exit code 2).
 */
export async function chosenRelease(given: string | undefined): Promise<string> {
  if (given?.includes("/") === true) return ownRelease(resolve(given));
  const [{ KNOWN_RELEASES }, { releaseNames }] = await Promise.all([
    import("../api/releases.ts"),
    import("../releases/index.ts"),
  ]);
  const known = await releaseNames();
  const release = given ?? KNOWN_RELEASES.at(-1) ?? "";
  if (known.includes(release)) return release;
  throw new CliError(`There is no release ${release}`, `The releases are ${known.join(", ")}.`, {
    exitCode: EXIT.usage,
  });
}

async function ownRelease(folder: string): Promise<string> {
  const { access } = await import("node:fs/promises");
  try {
    await access(join(folder, "release.json"));
    return folder;
  } catch (cause) {
    throw new CliError(
      `${folder} has no data of a release`,
      "Make it with: underpin release catalogue --image ARCHIVE",
      {
        exitCode: EXIT.usage,
        cause,
      },
    );
  }
}

/** Services whose options a release has. */
export async function servicesOf(release: string): Promise<readonly string[]> {
  const { catalogueServices } = await import("../releases/catalogue.ts");
  return catalogueServices(...located(release));
}

/** Options of a service in a release. Throws CliError (exit code 2) for a service that the release does not have. */
export async function openCatalogue(release: string, service: string): Promise<Catalogue> {
  const [{ loadCatalogue }, { nearest }] = await Promise.all([
    import("../releases/catalogue.ts"),
    import("../api/nearest.ts"),
  ]);
  const services = await servicesOf(release);
  const [name, root] = located(release);
  if (services.includes(service)) return loadCatalogue(name, service, root);
  const meant = nearest(service, services);
  const hint = meant === undefined ? "" : `Did you mean ${meant}? `;
  throw new CliError(
    `There is no service ${service} in ${release}`,
    `${hint}The services are ${services.join(", ")}.`,
    {
      exitCode: EXIT.usage,
    },
  );
}

/** What Underpin says of the options that it sets. */
export async function loadClaimOf(): Promise<ClaimOf> {
  const { loadClaims } = await import("../options/owned.ts");
  const claims = await loadClaims();
  return (service, name) => claims.of(service, name);
}

/** Whether a running process of a service follows a change of an option. */
export async function loadInPlace(): Promise<(service: string, name: OptionName) => boolean> {
  const { inPlace } = await import("../workloads/kit/in-place.ts");
  return (service, { group, name }) => inPlace(service).has(`${group}.${name}`);
}

/** Rules of a service's policy in a release; none where they are not known. */
export async function policyRules(release: string, service: string): Promise<readonly PolicyRule[]> {
  const [{ dataFiles }, { loadPolicies, policyPath }] = await Promise.all([
    import("../releases/index.ts"),
    import("../releases/lists.ts"),
  ]);
  const [name, root] = located(release);
  const { data } = await dataFiles(name, root);
  return data[policyPath(service)] === undefined ? [] : loadPolicies(name, service, root);
}

/** What differs for a service in the next release; undefined when there is none, or it does not have the service. */
export async function nextChanges(
  release: string,
  service: string,
): Promise<{ readonly release: string; readonly changes: readonly CatalogueChange[] } | undefined> {
  const { releaseNames } = await import("../releases/index.ts");
  const known = await releaseNames();
  const next = known.includes(release) ? known[known.indexOf(release) + 1] : undefined;
  const changes = next === undefined ? undefined : await changesBetween(release, next, service);
  return next === undefined || changes === undefined ? undefined : { release: next, changes };
}

/** Why a release no longer has an option of a name, by what the release before it had. */
export async function removedBefore(
  release: string,
  service: string,
): Promise<(name: OptionName) => string | undefined> {
  const { releaseNames } = await import("../releases/index.ts");
  const known = await releaseNames();
  const before = known[known.indexOf(release) - 1];
  const changes = before === undefined ? [] : ((await changesBetween(before, release, service)) ?? []);
  const gone = changes.filter(({ change }) => change === "removed" || change === "renamed");
  return ({ group, name }) => {
    const found = gone.find((one) => one.group === group && one.name === name);
    if (found === undefined) return undefined;
    const instead = found.to === undefined ? "" : `: now ${found.to.group}.${found.to.name}`;
    return `${before} had it${instead}`;
  };
}

/** Differences of a service between two releases, which may be any two; undefined when one does not have its options. */
export async function changesBetween(
  from: string,
  to: string,
  service: string,
): Promise<readonly CatalogueChange[] | undefined> {
  const [{ loadChanges }, { catalogueChanges }] = await Promise.all([
    import("../releases/lists.ts"),
    import("../releases/changes.ts"),
  ]);
  const bundled = ![from, to].some((release) => release.includes("/"));
  const recorded = bundled ? await loadChanges({ from, to }, service) : undefined;
  if (recorded !== undefined) return recorded;
  const known = await Promise.all([from, to].map(servicesOf));
  if (known.some((services) => !services.includes(service))) return undefined;
  return catalogueChanges(await openCatalogue(from, service), await openCatalogue(to, service));
}
