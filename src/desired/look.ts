import type { Cloud } from "../api/cloud.ts";
import { VAULT_SECRET } from "../api/names.ts";
import type { Manifest, Workload } from "../workloads/contract.ts";
import { hypervisorManifests } from "./hypervisors.ts";
import { gatherInput } from "./input.ts";
import { buildDesired, type Desired } from "./objects.ts";
import { placeholders, RememberingSecrets } from "./placeholders.ts";
import type { Releases } from "./release-facts.ts";
import { secretManifest } from "./secret-manifest.ts";
import type { Snapshot } from "./snapshot.ts";
import { readState, STATE_NAME } from "./state.ts";
import type { SecretData } from "./vault.ts";

/** Nothing can be planned: what stops the operator, too. */
export class CannotPlanError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "CannotPlanError";
  }
}

/** What the Cloud would come to, with placeholders of one variant for what does not exist yet. */
export interface Sight {
  readonly desired: Desired;
  /** All objects but Secrets that the operator makes by itself. */
  readonly objects: readonly Manifest[];
  /** Secrets that the operator would make or renew. */
  readonly secrets: readonly Manifest[];
}

export interface LookContext {
  readonly snapshot: Snapshot;
  readonly secret: (name: string) => Promise<SecretData | undefined>;
  readonly releases: Releases;
}

/** What a Cloud is built with. */
export interface LookTools {
  readonly workloads: readonly Workload[];
  readonly images: Readonly<Record<string, string>>;
  readonly clusterDomain: string;
}

/** What stands for what does not exist yet. */
export interface Unknowns {
  readonly variant: string;
  /** Of Services that do not exist yet. */
  readonly addresses: Readonly<Record<string, string>>;
}

/** What the operator would build of a Cloud. Writes nothing. Throws CannotPlanError, and what the reader of Secrets throws. */
export async function look(
  cloud: Cloud,
  { workloads, images, clusterDomain }: LookTools,
  context: LookContext,
  { variant, addresses }: Unknowns,
): Promise<Sight> {
  const { snapshot, releases } = context;
  const { namespace } = cloud.metadata;
  const secrets = new RememberingSecrets(context.secret);
  const services = [...snapshot.objects.values()].filter(
    ({ kind, metadata }) => kind === "Service" && metadata.namespace === namespace,
  );
  const state = readState(snapshot.objects.get(`ConfigMap/${namespace}/${STATE_NAME}`));
  const gathered = await gatherInput(
    cloud,
    state,
    { secrets, makers: placeholders(variant), services: () => services },
    { workloads, images, clusterDomain, nodes: snapshot.nodes, releases },
  );
  if (gathered.type === "stalled") throw new CannotPlanError(gathered.message);
  const { facts } = gathered.input;
  const input = { ...gathered.input, facts: { ...facts, clusterIPs: { ...addresses, ...facts.clusterIPs } } };
  const desired = buildDesired(workloads, input);
  // The vault is the operator's own book, and follows from the others.
  const written = [...secrets.written].filter(([name]) => name !== VAULT_SECRET);
  return {
    desired,
    objects: [...desired.objects, ...hypervisorManifests(input)],
    secrets: written.map(([name, secret]) => secretManifest(cloud.metadata, name, secret)),
  };
}
