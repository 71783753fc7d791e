import type { BuildInput, Workload } from "../workloads/contract.ts";
import type { WorkloadVerdict } from "./status.ts";

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
