// desired: what a Cloud should be, from the facts of its cluster, and what that would change; it writes nothing by itself.
import type { Cloud } from "../api/cloud.ts";
import { type PlannedStep, type WorkloadPart, orderedSteps } from "../plan/graph.ts";
import type {
  BuildInput,
  CertificateRequest,
  CredentialRequest,
  Facts,
  Manifest,
  Workload,
} from "../workloads/contract.ts";
import { reloadSteps } from "../workloads/kit/reload-steps.ts";

/** What a Cloud should be: every object, and the order in which they come to life. */
export interface Desired {
  readonly objects: readonly Manifest[];
  readonly steps: readonly PlannedStep[];
}

/** Builds all workloads. Pure. Throws GraphError when their steps do not fit together. */
export function buildDesired(workloads: readonly Workload[], input: BuildInput): Desired {
  const parts: WorkloadPart[] = workloads.map((workload) => {
    const objects = workload.build(input);
    return {
      name: workload.name,
      objects,
      steps: [...workload.procedure(input, objects), ...reloadSteps(workload.name, objects)],
    };
  });
  return { objects: parts.flatMap(({ objects }) => objects), steps: orderedSteps(parts) };
}

export function credentialRequests(workloads: readonly Workload[], cloud: Cloud): CredentialRequest[] {
  const merged = new Map<string, CredentialRequest>();
  for (const request of workloads.flatMap((workload) => workload.credentials(cloud))) {
    // Two workloads may share a credential (the metadata secret): the same name is the same Secret.
    merged.set(request.name, { name: request.name, keys: { ...merged.get(request.name)?.keys, ...request.keys } });
  }
  return [...merged.values()];
}

export function certificateRequests(
  workloads: readonly Workload[],
  cloud: Cloud,
  facts: Pick<Facts, "publicEndpoint" | "clusterDomain">,
): CertificateRequest[] {
  return workloads.flatMap((workload) => workload.certificates(cloud, facts));
}

/** Reference of each image with the Cloud's registry and overrides applied. */
export function resolveImages(cloud: Cloud, images: Readonly<Record<string, string>>): Record<string, string> {
  const { registry, overrides } = cloud.spec.images;
  const moved = Object.entries(images).map(([name, reference]): [string, string] => {
    if (registry === undefined) return [name, reference];
    return [name, `${registry}/${reference.slice(reference.indexOf("/") + 1)}`];
  });
  return { ...Object.fromEntries(moved), ...Object.fromEntries(overrides.map(({ name, image }) => [name, image])) };
}
