import { setTimeout as delay } from "node:timers/promises";
import type { Cloud } from "../api/cloud.ts";
import { type ComputeService, computeServices } from "../openstack/compute.ts";
import type { Session } from "../openstack/session.ts";
import { WaitError } from "./watch-until.ts";

/** One authorised read of each API that a guest needs, by the service's name; each is small in a young cloud. */
const READS: Readonly<Record<string, { readonly service: string; readonly path: string }>> = {
  glance: { service: "image", path: "/images" },
  neutron: { service: "network", path: "/networks" },
  nova: { service: "compute", path: "/flavors" },
  placement: { service: "placement", path: "/resource_providers" },
};

/** Milliseconds between two questions: an OpenStack API sends no events. */
const ASK_EVERY_MS = 500;
const TIMEOUT_S = 300;

/** What `up` has to wait for before the guest, by what the Cloud has. Pure. */
export interface Waits {
  /** Steps after which the guest's image and network can be made. */
  readonly apis: readonly string[];
  /** Steps after which a node can run the guest, and tell it who it is; none when `up` makes no guest there. */
  readonly node: readonly string[];
}

export function waitsOf(cloud: Cloud): Waits {
  const enabled = Object.keys(READS).filter((name) => cloud.spec.services[name]?.enabled === true);
  const node = ["nova/compute-mapped", "nova/metadata", "network/metadata"];
  // Placement answers before the first node is mapped, and the guest needs it no earlier.
  const apis = enabled.filter((name) => name !== "placement" || !enabled.includes("nova"));
  return {
    apis: ["keystone/catalog", ...apis.map((name) => `${name}/answers`)],
    node: enabled.includes("nova") && cloud.spec.network.provider.length > 0 ? node : [],
  };
}

/** Waits until every API of the Cloud answers an authorised read. Throws WaitError. */
export function untilAnswers(session: Session, cloud: Cloud, signal: AbortSignal): Promise<void> {
  const reads = Object.entries(READS).filter(([name]) => cloud.spec.services[name]?.enabled === true);
  return until("every API to answer", signal, async () => {
    await Promise.all(reads.map(([, { service, path }]) => session.request({ service, method: "GET", path })));
  });
}

/**
 * Seconds for which the word of a nova-compute is taken: it gives it every ten. nova's own `up` takes it for a minute, in
 * which a node that was just killed looks as if it could run guests (nova/servicegroup/drivers/db.py).
 */
const FRESH_S = 25;
/** Seconds after which nova's own word is enough: whoever runs the cloud may have set a longer time between two of them. */
const FRESH_WAIT_S = 90;

/** Can this nova-compute run a guest, as far as it says so itself? `at` is the time on the machine that runs it. Pure. */
export function computeRuns(service: ComputeService, at: Date, freshSeconds = FRESH_S): boolean {
  if (service.state !== "up" || service.status !== "enabled") return false;
  const said = Date.parse(`${service.updated_at ?? ""}Z`);
  return (at.getTime() - said) / 1000 <= freshSeconds;
}

/** Waits until a nova-compute runs and takes guests. Throws WaitError. */
export function untilComputeUp(session: Session, signal: AbortSignal): Promise<void> {
  const end = performance.now() + FRESH_WAIT_S * 1000;
  return until("a compute service to be up", signal, async () => {
    const services = await computeServices.list(session, { binary: "nova-compute" });
    const fresh = performance.now() < end ? FRESH_S : Infinity;
    if (!services.some((service) => computeRuns(service, new Date(), fresh)))
      throw new Error("no nova-compute is up and enabled yet");
  });
}

async function until(what: string, signal: AbortSignal, attempt: () => Promise<void>): Promise<void> {
  const end = performance.now() + TIMEOUT_S * 1000;
  for (;;) {
    signal.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (performance.now() > end) throw new WaitError(what, TIMEOUT_S, reason);
    }
    await delay(ASK_EVERY_MS);
  }
}
