import type { BuildInput, Manifest, Step } from "../contract.ts";
import { applyStep, callStep, pick } from "../kit/index.ts";

/** Schema, then the API, then an authorised question through the gateway. */
export function procedure(_input: BuildInput, objects: readonly Manifest[]): readonly Step[] {
  if (objects.length === 0) return [];
  return [
    applyStep({
      id: "glance/db",
      needs: ["mariadb/accounts"],
      objects: pick(objects, "Job"),
      timeoutSeconds: 600,
      onFailure: "The log of the Job glance-db says which statement failed: underpin logs glance.",
    }),
    applyStep({
      id: "glance/api",
      needs: ["glance/db"],
      objects: [...pick(objects, "Service"), ...pick(objects, "Deployment")],
      onFailure: "Look at the log: underpin logs glance.",
    }),
    callStep({
      id: "glance/answers",
      needs: ["glance/api", "keystone/catalog"],
      action: "api-answers",
      input: { service: "image", path: "/images" },
      onFailure: "glance does not answer through the gateway: look at underpin logs glance; a 401 comes from keystone.",
    }),
  ];
}
