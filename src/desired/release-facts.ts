import type { Cloud } from "../api/cloud.ts";
import { catalogueServices, loadCatalogue } from "../releases/catalogue.ts";
import type { ReleaseFacts } from "../workloads/contract.ts";
import { optionFacts } from "../workloads/kit/option-facts.ts";

/** Image whose options a release's catalogues have. */
const IMAGE = "openstack";

/** What builders need of releases, read once and kept. */
export class Releases {
  readonly #onError: (where: string, error: unknown) => void;
  readonly #root: string | undefined;
  readonly #known = new Map<string, Promise<ReleaseFacts["options"]>>();

  /** @param onError told when a release's options cannot be read: then every change rolls all of a service's processes */
  constructor(onError: (where: string, error: unknown) => void, root?: string) {
    this.#onError = onError;
    this.#root = root;
  }

  /** Facts for a Cloud. Nothing is known of the options of an image of its own. */
  async facts({ spec }: Cloud): Promise<ReleaseFacts> {
    if (spec.images.overrides.some(({ name }) => name === IMAGE)) return { name: spec.release };
    const known = this.#known.get(spec.release) ?? this.#load(spec.release);
    this.#known.set(spec.release, known);
    const options = await known;
    return options === undefined ? { name: spec.release } : { name: spec.release, options };
  }

  async #load(release: string): Promise<ReleaseFacts["options"]> {
    try {
      const services = await catalogueServices(release, this.#root);
      const facts = services.map(
        async (service) => [service, optionFacts(await loadCatalogue(release, service, this.#root))] as const,
      );
      return Object.fromEntries(await Promise.all(facts));
    } catch (error) {
      this.#onError(`options of release ${release}`, error);
      return undefined;
    }
  }
}
