import { HYPERVISOR_KIND } from "../api/hypervisor.ts";
import { API_VERSION, LABEL, MANAGED_BY } from "../api/names.ts";
import type { BuildInput, Manifest } from "../workloads/contract.ts";

/** One object for each node of the Cloud's pools. Pure. */
export function hypervisorManifests({ cloud, facts }: BuildInput): Manifest[] {
  if (cloud.spec.services["nova"]?.enabled !== true) return [];
  const { name: instance, namespace } = cloud.metadata;
  const labels = { [LABEL.instance]: instance, [LABEL.managedBy]: MANAGED_BY, [LABEL.component]: "hypervisor" };
  return facts.nodes.map(({ name }) => ({
    apiVersion: API_VERSION,
    kind: HYPERVISOR_KIND,
    metadata: { name, namespace, labels },
    spec: {},
  }));
}
