import type { BuildInput, Manifest, Step } from "../contract.ts";
import { catalogInput, WITNESS_USER } from "../kit/catalog.ts";
import { applyStep, callStep, ofService } from "../kit/index.ts";
import { SERVICE_USER } from "./users.ts";

/** Its users, then itself, when every API answers: before that there is nothing to see. */
export function procedure(input: BuildInput, objects: readonly Manifest[]): readonly Step[] {
  const catalog = catalogInput(input);
  // After the first node can run guests: while the cloud comes up, every process that starts costs the others time.
  const late = ofService(input, "nova", "nova/compute-mapped");
  return [
    callStep({
      id: "witness/users",
      needs: ["keystone/catalog", ...late],
      action: "keystone-catalog",
      input: { region: catalog.region, services: [], users: [WITNESS_USER, SERVICE_USER] },
      onFailure: "The witness' users could not be written: look at underpin logs keystone.",
    }),
    callStep({
      id: "witness/passwords",
      needs: ["witness/users"],
      action: "keystone-passwords",
      input: { users: [SERVICE_USER] },
      onFailure: "The witness' user cannot log in and its password could not be set: look at underpin logs keystone.",
    }),
    // No impact on users; the evidence is blind until it is back.
    applyStep({
      id: "witness/ready",
      needs: ["witness/users", ...late, ...catalog.services.map(({ name }) => `${name}/answers`)],
      objects,
      onFailure: "Look at the log: underpin logs witness. The cloud works without it, but unwatched.",
    }),
  ];
}
