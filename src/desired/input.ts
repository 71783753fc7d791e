import type { Cloud } from "../api/cloud.ts";
import type { KubeObject } from "../kube/types.ts";
import type { BuildInput, Facts, Workload } from "../workloads/contract.ts";
import { certificateRequests, credentialRequests, resolveImages } from "./objects.ts";
import { cloudLabelValue, clusterIPs, nodeFacts, publicEndpoint } from "./facts.ts";
import type { CloudState } from "./state.ts";
import type { Releases } from "./release-facts.ts";
import { ensureCertificates, ensureCredentials, type Makers, type SecretPort } from "./vault.ts";

export interface InputOptions {
  readonly workloads: readonly Workload[];
  readonly images: Readonly<Record<string, string>>;
  readonly clusterDomain: string;
  readonly nodes: readonly KubeObject[];
  readonly releases: Releases;
}

/** What the input is gathered from. */
export interface InputPorts {
  /** The Secrets of the Cloud's namespace. */
  readonly secrets: SecretPort;
  readonly makers: Makers;
  /** The Services of the Cloud's namespace. */
  services(): readonly KubeObject[];
}

/** What builders need, or what stops everything. */
export type GatheredInput =
  | { readonly type: "input"; readonly input: BuildInput; readonly credentials: readonly string[] }
  | { readonly type: "stalled"; readonly reason: string; readonly message: string };

/** Observes what builders need; makes credentials and certificates that are missing, as `ports` say. */
export async function gatherInput(
  cloud: Cloud,
  state: CloudState,
  ports: InputPorts,
  options: InputOptions,
): Promise<GatheredInput> {
  const { namespace, name } = cloud.metadata;
  const nodes = nodeFacts(cloud, options.nodes);
  const endpoint = publicEndpoint(cloud, nodes);
  if (endpoint === undefined) {
    const message = `no node carries the label underpin.dev/cloud=${cloudLabelValue(cloud.metadata)}; label the nodes of this cloud`;
    return { type: "stalled", reason: "NoNodes", message };
  }
  const requests = credentialRequests(options.workloads, cloud);
  const credentials = await ensureCredentials(requests, state.credentials, ports);
  if (credentials.lost.length > 0) {
    const message = `no copy is left of ${credentials.lost.join(", ")}; put the Secrets back from your backup, with the same keys`;
    return { type: "stalled", reason: "CredentialLost", message };
  }
  const reach = { publicEndpoint: endpoint, clusterDomain: options.clusterDomain };
  const wanted = certificateRequests(options.workloads, cloud, reach);
  const certificates = await ensureCertificates(wanted, `${name}.${namespace} underpin`, ports);
  const facts: Facts = {
    ...reach,
    credentials: { ...credentials.values, ...(await givenSecrets(cloud, ports.secrets)) },
    caCertificate: certificates.caCertificate,
    certificateHashes: certificates.hashes,
    nodes,
    clusterIPs: clusterIPs(ports.services()),
  };
  const release = await options.releases.facts(cloud);
  const input = { cloud, release, images: resolveImages(cloud, options.images), facts };
  return { type: "input", input, credentials: requests.map((request) => request.name) };
}

/** What can be said of a Cloud without credentials and certificates, which may be gone, and perhaps without nodes. */
export function bareInput(cloud: Cloud, options: InputOptions): BuildInput {
  const nodes = nodeFacts(cloud, options.nodes);
  const facts: Facts = {
    credentials: {},
    caCertificate: "",
    certificateHashes: {},
    nodes,
    publicEndpoint: publicEndpoint(cloud, nodes) ?? "",
    clusterDomain: options.clusterDomain,
    clusterIPs: {},
  };
  return { cloud, release: { name: cloud.spec.release }, images: resolveImages(cloud, options.images), facts };
}

/** Secrets of the user that `secretOptions` point to, under their own names. */
async function givenSecrets(cloud: Cloud, secrets: SecretPort): Promise<Facts["credentials"]> {
  const names = Object.values(cloud.spec.services).flatMap((service) =>
    service.secretOptions.map(({ secretRef }) => secretRef.name),
  );
  const found = await Promise.all([...new Set(names)].map(async (name) => [name, await secrets.read(name)] as const));
  return Object.fromEntries(found.flatMap(([name, data]) => (data === undefined ? [] : [[name, data]])));
}
