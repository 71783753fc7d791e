import type { BuildInput, Manifest, Step } from "../contract.ts";
import { applyStep, pick } from "../kit/index.ts";
import { hasGuests } from "./nodes.ts";

/** The switch, then what fills it; the metadata agent needs nothing but both, and nobody waits for it but guests. */
export function procedure(input: BuildInput, objects: readonly Manifest[]): readonly Step[] {
  return [
    applyStep({
      id: "network/ovs",
      needs: ["ovn/services"],
      objects: pick(objects, "DaemonSet", "ovs"),
      impact: { level: "Fails", on: "traffic of guests" },
      onFailure:
        "The log says what the node lacks, for example the interface of a provider network: underpin logs network.",
    }),
    applyStep({
      id: "network/ready",
      needs: ["network/ovs", "ovn/ready"],
      objects: pick(objects, "DaemonSet", "ovn-controller"),
      onFailure: "ovn-controller has no connection to the southbound database: underpin logs network.",
    }),
    ...(hasGuests(input.cloud) ? [metadata(objects)] : []),
  ];
}

function metadata(objects: readonly Manifest[]): Step {
  return applyStep({
    id: "network/metadata",
    needs: ["network/ready"],
    objects: pick(objects, "DaemonSet", "ovn-metadata"),
    onFailure: "Look at the log: underpin logs network.",
  });
}
