import { setTimeout as delay } from "node:timers/promises";
import { computeServices } from "../openstack/compute.ts";
import type { Session } from "../openstack/session.ts";
import { WaitError } from "./watch-until.ts";

/** One authorised read of each API that a guest needs; each is small in a young cloud. */
const READS = [
  { service: "image", path: "/images" },
  { service: "network", path: "/networks" },
  { service: "compute", path: "/flavors" },
  { service: "placement", path: "/resource_providers" },
] as const;

/** Milliseconds between two questions: an OpenStack API sends no events. */
const ASK_EVERY_MS = 500;
const TIMEOUT_S = 300;

/** Waits until every API answers an authorised read. Throws WaitError. */
export function untilAnswers(session: Session, signal: AbortSignal): Promise<void> {
  return until("every API to answer", signal, async () => {
    await Promise.all(READS.map(({ service, path }) => session.request({ service, method: "GET", path })));
  });
}

/** Waits until a nova-compute is up. Throws WaitError. */
export function untilComputeUp(session: Session, signal: AbortSignal): Promise<void> {
  return until("a compute service to be up", signal, async () => {
    const services = await computeServices.list(session, { binary: "nova-compute" });
    if (!services.some(({ state }) => state === "up")) throw new Error("no nova-compute is up yet");
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
