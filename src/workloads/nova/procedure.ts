import { resolveService } from "../../api/cloud.ts";
import type { Impact } from "../../api/step.ts";
import type { BuildInput, Manifest, Step } from "../contract.ts";
import { applyStep, callStep, componentReplicas, pick } from "../kit/index.ts";

/** Schemas and cells; then the APIs at once, the daemons that ask them; then the nodes are in their cell. */
export function procedure(input: BuildInput, objects: readonly Manifest[]): readonly Step[] {
  if (input.cloud.spec.services["nova"]?.enabled !== true) return [];
  const part = (name: string, kind: string, needs: readonly string[]) =>
    applyStep({
      id: `nova/${name}`,
      needs,
      objects: pick(objects, kind, `nova-${name}`),
      ...impactOf(input, name),
      onFailure: `Read the log: underpin logs nova-${name}. Database and message bus must answer.`,
    });
  return [
    applyStep({
      id: "nova/db",
      needs: ["mariadb/accounts"],
      objects: pick(objects, "Job"),
      onFailure: "The log of the Job nova-db says which database could not be changed: underpin logs nova-db.",
    }),
    part("api", "Deployment", ["nova/db", "rabbitmq/ready"]),
    // Both ask keystone where placement is before anything else, and end when the front door says that nobody is there
    // (nova/conductor/manager.py, nova/scheduler/manager.py): a start in vain costs as much as another, and the kubelet's back-off.
    part("conductor", "StatefulSet", ["nova/db", "rabbitmq/ready", "placement/answers"]),
    part("scheduler", "StatefulSet", ["nova/db", "rabbitmq/ready", "placement/answers"]),
    // Guests ask it when they start, so it comes beside the nodes' nova-compute.
    part("metadata", "Deployment", ["nova/db", "nova/conductor"]),
    // Nothing waits for consoles: they come when the first node can run guests.
    part("novncproxy", "Deployment", ["nova/answers", "nova/compute-mapped"]),
    answers(),
    mapped(input),
  ];
}

/** The APIs roll: a new pod is ready before an old one goes. */
function impactOf(input: BuildInput, name: string): { readonly impact?: Impact } {
  // The new one takes no session over from the old one.
  if (name === "novncproxy")
    return { impact: { level: "ReadsSlow", on: "open consoles, to be opened again", seconds: 5 } };
  if (name !== "conductor" && name !== "scheduler") return {};
  // Of several, one at a time is replaced, and the others take its work. The only one's waits in the queue meanwhile.
  if (componentReplicas(resolveService(input.cloud, "nova"), name) > 1) return {};
  return { impact: { level: "WritesFail", on: "servers", seconds: 30 } };
}

function answers(): Step {
  return callStep({
    id: "nova/answers",
    needs: ["nova/api", "keystone/catalog"],
    action: "api-answers",
    input: { service: "compute", path: "/flavors" },
    onFailure: "The compute API refuses a GET of /flavors through the gateway: underpin logs nova-api.",
  });
}

/** nova-compute is up, placement knows what it has, and the scheduler's periodic look has put it into the cell. */
function mapped(input: BuildInput): Step {
  return callStep({
    id: "nova/compute-mapped",
    needs: ["nova/answers", "nova/scheduler", "nova/conductor", "compute/ready", "placement/answers"],
    action: "compute-mapped",
    input: { hosts: input.facts.nodes.map(({ name }) => name) },
    onFailure: "The message names the node and what it lacks. Its log: underpin logs compute.",
  });
}
