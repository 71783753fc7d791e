import type { BuildInput, Manifest, Step } from "../contract.ts";
import { applyStep, callStep, pick } from "../kit/index.ts";

/** Schema, then the API, then an authorised question through the gateway. */
export function procedure(_input: BuildInput, objects: readonly Manifest[]): readonly Step[] {
  if (objects.length === 0) return [];
  return [
    applyStep({
      id: "placement/db",
      needs: ["mariadb/accounts"],
      objects: pick(objects, "Job"),
      timeoutSeconds: 600,
      onFailure: "The log of the Job placement-db says which statement failed: underpin logs placement.",
    }),
    applyStep({
      id: "placement/api",
      needs: ["placement/db"],
      objects: [...pick(objects, "Service"), ...pick(objects, "Deployment")],
      onFailure: "Look at the log: underpin logs placement.",
    }),
    callStep({
      id: "placement/answers",
      needs: ["placement/api", "keystone/catalog"],
      action: "api-answers",
      input: { service: "placement", path: "/resource_providers" },
      onFailure:
        "placement does not answer through the gateway: look at underpin logs placement; a 401 comes from keystone.",
    }),
  ];
}
