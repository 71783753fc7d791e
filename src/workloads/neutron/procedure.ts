import type { BuildInput, Manifest, Step } from "../contract.ts";
import { applyStep, callStep, ofService, pick } from "../kit/index.ts";

/**
 * Schema, API, and only then the workers: on an empty database all of them would fill the range of tunnel identifiers at
 * once, and some would fail.
 */
export function procedure(input: BuildInput, objects: readonly Manifest[]): readonly Step[] {
  if (input.cloud.spec.services["neutron"]?.enabled !== true) return [];
  return [
    applyStep({
      id: "neutron/db",
      needs: ["mariadb/accounts"],
      objects: pick(objects, "Job"),
      timeoutSeconds: 600,
      onFailure: "The log of the Job neutron-db says which statement failed: underpin logs neutron-db.",
    }),
    applyStep({
      id: "neutron/api",
      needs: ["neutron/db", "rabbitmq/ready", "ovn/ready"],
      objects: pick(objects, "Deployment", "neutron"),
      onFailure: "Read the log: underpin logs neutron. The database and both of OVN's must answer.",
    }),
    callStep({
      id: "neutron/answers",
      needs: ["neutron/api", "keystone/catalog"],
      action: "api-answers",
      input: { service: "network", path: "/networks" },
      onFailure: "The network API refuses a GET of /networks through the gateway: underpin logs neutron.",
    }),
    applyStep({
      id: "neutron/workers",
      // No impact: for minutes none of them is needed. They mend what time spoils; until the first node can run guests there is nothing to mend, and the start is costly.
      needs: ["neutron/answers", ...ofService(input, "nova", "nova/compute-mapped")],
      objects: pick(objects, "Deployment", "neutron-periodic", "neutron-maintenance"),
      onFailure: "Read their logs: underpin logs neutron-periodic, underpin logs neutron-maintenance.",
    }),
  ];
}
