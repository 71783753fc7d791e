import type { Catalogue } from "../oslo/catalogue.ts";
import { chosenRelease, openCatalogue, servicesOf } from "./release-options.ts";

/** What `nova.sched` may become: services, groups of a service, options of a group. Nothing for what there is not. */
export async function completeOption(partial: string): Promise<readonly string[]> {
  const { parseTarget } = await import("../options/explain.ts");
  const release = await chosenRelease(undefined);
  const services = await servicesOf(release);
  if (!partial.includes(".")) return services.filter((service) => service.startsWith(partial));
  const { service, rest } = parseTarget(partial);
  if (!services.includes(service)) return [];
  const catalogue = await openCatalogue(release, service);
  return below(catalogue, rest).map((name) => `${service}.${name}`);
}

/** Groups that begin so and, once a group is written out, its options. */
function below(catalogue: Catalogue, rest: string): string[] {
  const groups = catalogue.groups.filter((group) => group.startsWith(rest));
  const written = catalogue.groups.filter((group) => rest === group || rest.startsWith(`${group}.`));
  const options = written.flatMap((group) => catalogue.options(group).map(({ name }) => `${group}.${name}`));
  return [...groups, ...options.filter((name) => name.startsWith(rest))];
}
