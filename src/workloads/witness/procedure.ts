import type { BuildInput, Manifest, Step } from "../contract.ts";
import { catalogInput, WITNESS_USER } from "../kit/catalog.ts";
import { applyStep, callStep, ofService } from "../kit/index.ts";
import { SERVICE_USER } from "./users.ts";

/** Its users, then itself, when every API answers: before that there is nothing to see. */
export function procedure(input: BuildInput, objects: readonly Manifest[]): readonly Step[] {
  const catalog = catalogInput(input);
  return [
    callStep({
      id: "witness/users",
      needs: ["keystone/catalog"],
      action: "keystone-catalog",
      input: { region: catalog.region, services: [], users: [WITNESS_USER, SERVICE_USER] },
      onFailure: "The witness' users could not be written: look at underpin logs keystone.",
    }),
    applyStep({
      id: "witness/ready",
      // After the first node can run guests: while the cloud comes up, every process that starts costs the others time.
      needs: [
        "witness/users",
        ...ofService(input, "nova", "nova/compute-mapped"),
        ...catalog.services.map(({ name }) => `${name}/answers`),
      ],
      objects,
      onFailure: "Look at the log: underpin logs witness. The cloud works without it, but unwatched.",
    }),
  ];
}
