import type { HypervisorStatus } from "../api/hypervisor.ts";
import { FIELD_MANAGER, nodesNamespace } from "../api/names.ts";
import type { StepPorts } from "../execute/execution.ts";
import { canonicalJson } from "../content/canonical.ts";
import type { KubeClient } from "../kube/client.ts";
import { readiness } from "../kube/ready.ts";
import { fieldAt, type KubeObject, refOf } from "../kube/types.ts";
import { hypervisors } from "../openstack/compute.ts";
import type { Session } from "../openstack/session.ts";
import { virtualization } from "../workloads/compute/nova-compute.ts";
import type { BuildInput, Manifest, NodeFacts } from "../workloads/contract.ts";
import type { NamespaceView } from "./namespace-view.ts";

/** What nova says of one node. */
export interface NovaWord {
  readonly state: "up" | "down";
  readonly guests: number;
}

/** By node; undefined when nova does not answer. */
export type NovaAnswer = ReadonlyMap<string, NovaWord> | undefined;

/** Milliseconds between two questions to nova: it sends no events. */
const ASK_EVERY_MS = 60_000;

/** Asks nova for its hypervisors with their guests. Throws OpenStackError. */
export async function askNova(session: Session): Promise<NovaAnswer> {
  // Since microversion 2.88 the number of guests is told only by their list.
  const found = await hypervisors.list(session, { with_servers: true });
  return new Map(
    found.map(({ hypervisor_hostname, state, servers = [] }) => [
      hypervisor_hostname,
      { state, guests: servers.length },
    ]),
  );
}

/** Nova's last answer, asked for once a minute beside the passes; tells only when it changed. */
export class NovaMonitor {
  readonly #ask: () => Promise<NovaAnswer>;
  readonly #onChange: () => void;
  readonly #everyMs: number;
  #timer: NodeJS.Timeout | undefined;
  #asking = false;
  #answer: NovaAnswer;

  constructor(ask: () => Promise<NovaAnswer>, onChange: () => void, everyMs: number = ASK_EVERY_MS) {
    this.#ask = ask;
    this.#onChange = onChange;
    this.#everyMs = everyMs;
  }

  get answer(): NovaAnswer {
    return this.#answer;
  }

  /** Begins to ask, at once. Does nothing the second time. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => void this.#refresh(), this.#everyMs).unref();
    void this.#refresh();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #refresh(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    // Whatever the reason: the compute workload's own part of the status tells it.
    const answer = await this.#ask().catch(() => undefined);
    this.#asking = false;
    const changed = canonicalJson([...(answer ?? [])]) !== canonicalJson([...(this.#answer ?? [])]);
    this.#answer = answer;
    if (changed) this.#onChange();
  }
}

interface Look {
  /** The DaemonSet of nova's agents in the node's pool. */
  readonly agents: KubeObject | undefined;
  readonly nova: NovaAnswer;
  readonly generation: number;
  readonly before: HypervisorStatus | undefined;
  /** ISO 8601. */
  readonly now: string;
}

/** The status of one node, with the time of what did not change kept. Pure. */
export function hypervisorStatus(input: BuildInput, node: NodeFacts, look: Look): HypervisorStatus {
  const word = look.nova?.get(node.name);
  const { state, message } = stateOf(look, word);
  const ready = { Up: "True", Down: "False", Unknown: "Unknown" } as const;
  const pool = input.cloud.spec.compute.pools.find(({ name }) => name === node.pool);
  const hardware = pool !== undefined && virtualization(input, pool).virt_type === "kvm";
  const was = look.before?.conditions?.find(({ type }) => type === "Ready");
  const condition = {
    type: "Ready",
    status: ready[state],
    observedGeneration: look.generation,
    lastTransitionTime: was?.status === ready[state] ? was.lastTransitionTime : look.now,
    reason: state,
    message,
  };
  return {
    node: node.name,
    pool: node.pool,
    virtualization: hardware ? "KVM" : "QEMU",
    ...(word === undefined ? {} : { guests: word.guests }),
    state,
    conditions: [condition],
    observedGeneration: look.generation,
  };
}

function stateOf({ agents }: Look, word: NovaWord | undefined): { state: "Up" | "Down" | "Unknown"; message: string } {
  if (agents === undefined) return { state: "Unknown", message: "nova-compute was not started yet" };
  // Kubernetes knows within seconds that agents are gone, nova after a minute.
  if (Number(fieldAt(agents, "status", "numberAvailable") ?? 0) === 0)
    return { state: "Down", message: `nova-compute: ${readiness(agents).message}` };
  if (word?.state === "up") return { state: "Up", message: "nova-compute is up" };
  if (word?.state === "down") return { state: "Down", message: "nova has not heard of nova-compute for a minute" };
  if (readiness(agents).state === "ready") return { state: "Up", message: "nova-compute is ready" };
  return { state: "Unknown", message: `nova does not answer; nova-compute: ${readiness(agents).message}` };
}

/** What of a Cloud's scope is used here. */
interface NodesScope {
  readonly view: NamespaceView;
  readonly nova: NovaMonitor;
  ports(): StepPorts;
}

/** Writes the Hypervisors and what is known of them; writes nothing when nothing changed. Throws KubeError. */
export async function ensureHypervisors(
  input: BuildInput,
  manifests: readonly Manifest[],
  scope: NodesScope,
  client: KubeClient,
): Promise<void> {
  const ports = scope.ports();
  const namespace = nodesNamespace(input.cloud.metadata.namespace);
  for (const manifest of manifests) {
    await ports.ensure(manifest);
    const live = scope.view.get(refOf(manifest));
    const node = input.facts.nodes.find(({ name }) => name === manifest.metadata.name);
    if (live === undefined || node === undefined) continue;
    const set = { apiVersion: "apps/v1", kind: "DaemonSet", namespace, name: `nova-compute-${node.pool}` };
    const before = live["status"] as HypervisorStatus | undefined;
    const status = hypervisorStatus(input, node, {
      agents: scope.view.get(set),
      nova: scope.nova.answer,
      generation: live.metadata.generation ?? 0,
      before,
      now: new Date().toISOString(),
    });
    if (canonicalJson(status) === canonicalJson(before)) continue;
    const { apiVersion, kind } = manifest;
    const { name } = manifest.metadata;
    const object = { apiVersion, kind, metadata: { name, namespace: input.cloud.metadata.namespace }, status };
    // Applied as a whole, so that a number of guests that is no longer known goes.
    const options = { fieldManager: FIELD_MANAGER, force: true, subresource: "status" } as const;
    scope.view.wrote(await client.apply(object, options));
  }
}
