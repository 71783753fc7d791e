import type { BuildInput, Manifest, Step } from "../contract.ts";
import { applyStep, callStep, pick } from "../kit/index.ts";

/** Schemas and cells; then everything at once; then the nodes are in their cell. */
export function procedure(input: BuildInput, objects: readonly Manifest[]): readonly Step[] {
  if (input.cloud.spec.services["nova"]?.enabled !== true) return [];
  const part = (name: string, kind: string, needs: readonly string[]) =>
    applyStep({
      id: `nova/${name}`,
      needs,
      objects: pick(objects, kind, `nova-${name}`),
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
    part("conductor", "StatefulSet", ["nova/db", "rabbitmq/ready"]),
    part("scheduler", "StatefulSet", ["nova/db", "rabbitmq/ready"]),
    part("metadata", "Deployment", ["nova/db", "rabbitmq/ready"]),
    // Nothing waits for consoles: they come when the first node can run guests.
    part("novncproxy", "Deployment", ["nova/answers", "nova/compute-mapped"]),
    answers(),
    mapped(input),
  ];
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
    onFailure: "The message names the node and what it lacks. Its log: underpin logs nova-compute.",
  });
}
