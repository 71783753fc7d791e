import type { BuildInput, Manifest, Step } from "../contract.ts";
import { catalogInput } from "../kit/catalog.ts";
import { applyStep, callStep, pick } from "../kit/index.ts";

/** Schema and administrator, then the API, then what it holds; all other APIs wait for the last. */
export function procedure(input: BuildInput, objects: readonly Manifest[]): readonly Step[] {
  if (objects.length === 0) return [];
  const catalog = catalogInput(input);
  return [
    applyStep({
      id: "keystone/db",
      needs: ["mariadb/accounts"],
      objects: pick(objects, "Job"),
      timeoutSeconds: 600,
      onFailure: "The log of the Job keystone-db says which statement failed: underpin logs keystone.",
    }),
    applyStep({
      id: "keystone/api",
      needs: ["keystone/db"],
      objects: [...pick(objects, "Service"), ...pick(objects, "Deployment")],
      onFailure: "Look at the log: underpin logs keystone.",
    }),
    callStep({
      id: "keystone/answers",
      needs: ["keystone/api", "gateway/ready", "memcached/ready"],
      action: "api-answers",
      input: { service: "identity" },
      onFailure:
        "keystone gives no token through the gateway: look at underpin logs gateway, then underpin logs keystone.",
    }),
    callStep({
      id: "keystone/catalog",
      needs: ["keystone/answers"],
      action: "keystone-catalog",
      input: catalog,
      onFailure: "Users, services or endpoints could not be written: look at underpin logs keystone.",
    }),
    callStep({
      id: "keystone/passwords",
      needs: ["keystone/catalog"],
      action: "keystone-passwords",
      input: { users: catalog.users },
      onFailure: "A service's user cannot log in and its password could not be set: look at underpin logs keystone.",
    }),
  ];
}
