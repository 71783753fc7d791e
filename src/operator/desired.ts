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
import type { WorkloadVerdict } from "./status.ts";

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

export interface VerdictPorts {
  /** Readiness of an object by its key; undefined when it does not exist. */
  readiness(key: string): { readonly state: string; readonly message: string } | undefined;
}

/** How each workload stands, from the objects that it says must be ready; one that needs none does not run in this Cloud. */
export function workloadVerdicts(
  workloads: readonly Workload[],
  input: BuildInput,
  ports: VerdictPorts,
): WorkloadVerdict[] {
  return workloads.flatMap((workload) => {
    const { ready, endpointPath, next } = workload.observe(input.cloud);
    if (ready.length === 0) return [];
    const open = ready.flatMap((key) => {
      const state = ports.readiness(key);
      if (state?.state === "ready") return [];
      const [kind, , name] = key.split("/");
      return [`${kind} ${name}: ${state?.message ?? "does not exist yet"}`];
    });
    const endpoint =
      endpointPath === undefined || input.facts.publicEndpoint === ""
        ? {}
        : { endpoint: `https://${input.facts.publicEndpoint}${endpointPath}` };
    return [{ name: workload.name, ready: open.length === 0, message: open.join("; "), next, ...endpoint }];
  });
}
