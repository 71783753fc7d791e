import type { Cloud } from "../../api/cloud.ts";
import { contentHash } from "../../content/canonical.ts";
import { CannotPlanError, planCloud } from "../../desired/plan-cloud.ts";
import type { Releases } from "../../desired/release-facts.ts";
import type { KubeClient } from "../../kube/client.ts";
import { type Claims, loadClaims } from "../../options/owned.ts";
import type { Plan } from "../../plan/plan.ts";
import { catalogueHash } from "../../desired/catalogue-hash.ts";
import type { Workload } from "../../workloads/contract.ts";

export interface ProposerOptions {
  readonly client: KubeClient;
  readonly workloads: readonly Workload[];
  readonly images: Readonly<Record<string, string>>;
  readonly clusterDomain: string;
  /** Reference of the operator's image. */
  readonly operatorImage: string;
  /** What is known of releases, read once. */
  readonly releases: Releases;
}

/** Seconds for which a plan that waits is taken for current; it is made again before its first write in any case. */
const CURRENT_SECONDS = 10;

export type Proposal =
  | { readonly type: "plan"; readonly plan: Plan; readonly madeAt: number }
  | { readonly type: "none"; readonly message: string; readonly madeAt: number };

/** Makes plans, and remembers the latest of each Cloud so that not every event makes one. */
export class Proposer {
  readonly identity: string;
  readonly #options: ProposerOptions;
  readonly #latest = new Map<string, { readonly of: string; readonly proposal: Proposal }>();
  #claims: Promise<Claims> | undefined;
  readonly #catalogues = new Map<string, Promise<string>>();

  constructor(options: ProposerOptions) {
    this.#options = options;
    // Other images are other objects, whatever the operator's own image is.
    this.identity = `${options.operatorImage} ${contentHash(options.images).slice(0, 16)}`;
  }

  /** The plan of the Cloud as it is stored; one that is a few seconds old unless `fresh`. Throws KubeError. */
  async propose(cloud: Cloud, generation: number, fresh: boolean): Promise<Proposal> {
    const key = `${cloud.metadata.namespace}/${cloud.metadata.name}`;
    const of = `${cloud.metadata.uid} ${cloud.metadata.generation}`;
    const known = this.#latest.get(key);
    const young = known !== undefined && Date.now() - known.proposal.madeAt < CURRENT_SECONDS * 1000;
    if (known?.of === of && young && !fresh) return known.proposal;
    const proposal = await this.plan(cloud, generation);
    this.#latest.set(key, { of, proposal });
    return proposal;
  }

  /** The plan of a Cloud or of a candidate for it. Throws KubeError. */
  async plan(cloud: Cloud, generation?: number): Promise<Proposal> {
    const { client, workloads, images, clusterDomain, releases, operatorImage: operator } = this.#options;
    this.#claims ??= loadClaims();
    const catalogue = await this.#catalogue(cloud.spec.release);
    const claims = await this.#claims;
    const options = { client, workloads, images, clusterDomain, operator, catalogue, releases, claims };
    const madeAt = Date.now();
    try {
      const plan = await planCloud(cloud, { ...options, ...(generation === undefined ? {} : { generation }) });
      return { type: "plan", plan, madeAt };
    } catch (error) {
      if (!(error instanceof CannotPlanError)) throw error;
      return { type: "none", message: error.message, madeAt };
    }
  }

  forget(key: string): void {
    this.#latest.delete(key);
  }

  #catalogue(release: string): Promise<string> {
    const known = this.#catalogues.get(release);
    if (known !== undefined) return known;
    const made = catalogueHash(release);
    this.#catalogues.set(release, made);
    made.catch(() => this.#catalogues.delete(release)); // read again by the next plan
    return made;
  }
}
