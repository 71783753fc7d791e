import type { BuildInput, Manifest, Step } from "../contract.ts";
import { applyStep, pick } from "../kit/index.ts";

/** The server answers a query; then the services' accounts are made. */
export function procedure(_input: BuildInput, objects: readonly Manifest[]): readonly Step[] {
  return [
    applyStep({
      id: "mariadb/ready",
      needs: [],
      objects: [...pick(objects, "Service"), ...pick(objects, "StatefulSet")],
      // One server: while it is away no request that needs a database is answered. It stops, starts and recovers in some 15 s.
      impact: { level: "Fails", on: "every API", seconds: 20 },
      onFailure: "Look at the log: underpin logs mariadb. A volume that cannot be made shows in kubectl get pvc.",
    }),
    applyStep({
      id: "mariadb/accounts",
      needs: ["mariadb/ready", "gateway/ca"],
      objects: pick(objects, "Job"),
      onFailure: "The log of the Job mariadb-accounts says which statement the server refused.",
    }),
  ];
}
