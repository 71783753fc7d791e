import type { BuildInput, Manifest, Step } from "../contract.ts";
import { applyStep, ofService, pick } from "../kit/index.ts";
import { hasGuests } from "./nodes.ts";

/** The switch, then what fills it; nobody waits for the metadata agent but guests. */
export function procedure(input: BuildInput, objects: readonly Manifest[]): readonly Step[] {
  return [
    applyStep({
      id: "network/ovs",
      needs: ["ovn/services"],
      objects: pick(objects, "DaemonSet", "ovs"),
      // The datapath goes with vswitchd: two to four seconds were measured on a node.
      impact: { level: "Fails", on: "traffic of guests", seconds: 5 },
      onFailure:
        "The log says what the node lacks, for example the interface of a provider network: underpin logs network.",
    }),
    applyStep({
      id: "network/ready",
      needs: ["network/ovs", "ovn/ready"],
      objects: pick(objects, "DaemonSet", "ovn-controller"),
      // Flows stay in the switch and traffic goes on; what changes in the network reaches the node when it is back.
      impact: { level: "WritesFail", on: "networks of the node", seconds: 10 },
      onFailure: "ovn-controller has no connection to the southbound database: underpin logs network.",
    }),
    ...(hasGuests(input.cloud) ? [metadata(input, objects)] : []),
  ];
}

function metadata(input: BuildInput, objects: readonly Manifest[]): Step {
  return applyStep({
    id: "network/metadata",
    // It serves networks that neutron has made: until there can be one, its start would only delay what makes them.
    needs: ["network/ready", ...ofService(input, "neutron", "neutron/answers")],
    objects: pick(objects, "DaemonSet", "ovn-metadata"),
    // Its proxies end with it. Guests ask for metadata when they start, and again when they get no answer.
    impact: { level: "ReadsSlow", on: "metadata of guests that start", seconds: 20 },
    onFailure: "Look at the log: underpin logs network.",
  });
}
