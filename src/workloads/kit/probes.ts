import type { Probe } from "./types.ts";

interface Timing {
  readonly periodSeconds?: number;
  readonly timeoutSeconds?: number;
  readonly failureThreshold?: number;
}

/** Each second, so that a start is noticed at once; three misses make it not ready. */
const READY: Required<Timing> = { periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 3 };

/** The port accepts connections: harmless to a server with a single busy thread. */
export function tcpProbe(port: number, timing: Timing = {}): Probe {
  return { tcpSocket: { port }, ...READY, ...timing };
}

/** A GET answers 200–399. Only where at least two threads serve: a busy single thread would be marked down. */
export function httpProbe(port: number, path: string, timing: Timing = {}): Probe {
  return { httpGet: { port, path, scheme: "HTTP" }, ...READY, ...timing };
}

/**
 * A command ends with 0. Seldom: to start one in a container costs a tenth of a second of processor time, and what watches
 * for failures all the time is the client of whatever fails. Not more seldom: a kubelet that runs for less than a period
 * waits for a random part of it before its first probe.
 */
export function execProbe(command: readonly string[]): Probe {
  return { exec: { command: [...command] }, ...READY, periodSeconds: 8 };
}

/** The same for what only asks others and starts late: to be ready or not changes nothing but what is told of it. */
export function workerProbe(command: readonly string[]): Probe {
  return { ...execProbe(command), periodSeconds: 20, failureThreshold: 2 };
}

/**
 * The same test as a startup probe, up to `seconds` until the container is started again: each second, but a command
 * each other second.
 */
export function startupProbe(probe: Probe, seconds: number): Probe {
  const periodSeconds = "exec" in probe ? 2 : 1;
  return { ...probe, periodSeconds, failureThreshold: Math.ceil(seconds / periodSeconds) };
}

/** The same test as a liveness probe: slow and patient, a minute, since killing a busy process makes things worse. */
export function livenessProbe(probe: Probe): Probe {
  const timing =
    "exec" in probe ? { periodSeconds: 30, failureThreshold: 3 } : { periodSeconds: 10, failureThreshold: 6 };
  return { ...probe, ...timing, timeoutSeconds: 10 };
}
