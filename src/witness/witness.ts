import type { Server } from "node:http";

import type { WitnessConfig } from "./config.ts";
import { loadDefinitions } from "./definitions.ts";
import { Engine } from "./engine.ts";
import { Journal } from "./journal.ts";
import { Metrics } from "./metrics.ts";
import type { Operation } from "./records.ts";
import { reportOf, type Failure, type Seen } from "./report.ts";
import { serve } from "./server.ts";
import { Sessions } from "./sessions.ts";
import { blindBetween, hidden, TICK_MS, type Tick } from "./sight.ts";

const FLUSH_EVERY_MS = 2_000;
const REFRESH_EVERY_MS = 30_000;
/** Messages of failures that are kept. */
const FAILURES = 200;

export type Log = (level: "info" | "error", message: string) => void;

/** A running witness; `stop` ends it in order. */
export interface Witness {
  stop(): Promise<void>;
}

/** Starts the witness; throws when its folder, its port or its files are not usable. */
export async function startWitness(config: WitnessConfig, log: Log): Promise<Witness> {
  const { apis } = config;
  const definitions = (await loadDefinitions()).filter(({ api }) => apis?.includes(api) ?? true);
  const journal = await Journal.open(config.folder, Date.now());
  const failures: ApiFailure[] = [];
  const sessions = new Sessions(config);
  await sessions.refresh();
  const engine = new Engine({
    definitions,
    session: (as) => sessions.get(as),
    readEverySeconds: config.readEverySeconds,
    cycleEverySeconds: config.cycleEverySeconds,
    onOperation: (operation, message) => record(operation, message),
    onTrouble: (message) => log("error", message),
  });
  const seen = (): Seen => ({
    apis: definitions.map(({ api }) => api),
    operations: journal.operations,
    blind: journal.blind,
    firstSeen: journal.firstSeen,
    readEverySeconds: config.readEverySeconds,
    failures,
    open: engine.open,
  });
  const metrics = new Metrics(seen);
  const look = watchClocks(journal, metrics);
  const record = recorder({ journal, metrics, failures, look, log });
  const server = await serve(config.port, {
    metrics: () => metrics.text(Date.now()),
    report: (since, until) => {
      // Who asks right after a standstill must hear of it.
      look();
      return reportOf(seen(), { since, until, now: Date.now() });
    },
  });
  const timers = [setInterval(look, TICK_MS), keepFlushing(journal, log), keepFresh(sessions, log)];
  engine.start();
  log("info", `watching ${definitions.map(({ api }) => api).join(", ")}`);
  return { stop: () => stop({ timers, engine, server, journal, sessions }) };
}

type ApiFailure = Failure & { readonly api: string };

/** What is done with an operation that ended. */
function recorder(parts: {
  journal: Journal;
  metrics: Metrics;
  failures: ApiFailure[];
  look: () => void;
  log: Log;
}): (operation: Operation, message?: string) => void {
  const { journal, metrics, failures, look, log } = parts;
  return (operation, message) => {
    look();
    // What ran while we stood still proves nothing against the API.
    if (operation.outcome !== "ok" && hidden(operation, journal.blind)) return;
    journal.addOperation(operation);
    metrics.operation(operation);
    if (message === undefined) return;
    const { api, name, startedAt } = operation;
    failures.push({ api, operation: name, at: new Date(startedAt).toISOString(), message });
    if (failures.length > FAILURES) failures.shift();
    log("error", `${api}: ${name}: ${message}`);
  };
}

async function stop(parts: {
  timers: readonly NodeJS.Timeout[];
  engine: Engine;
  server: Server;
  journal: Journal;
  sessions: Sessions;
}): Promise<void> {
  for (const timer of parts.timers) clearInterval(timer);
  await parts.engine.stop();
  parts.server.close();
  parts.server.closeAllConnections();
  parts.journal.alive(Date.now());
  await parts.journal.flush();
  await parts.sessions.close();
}

/** Returns a function that notices, whenever it is called, that the process stood still or a clock jumped since its last call. */
function watchClocks(journal: Journal, metrics: Metrics): () => void {
  const read = (): Tick => ({ wall: Date.now(), monotonic: performance.now() });
  let last = read();
  return () => {
    const now = read();
    const blind = blindBetween(last, now);
    last = now;
    if (blind !== undefined) {
      journal.addBlind(blind);
      metrics.blind(blind);
    }
    journal.alive(now.wall);
  };
}

function keepFlushing(journal: Journal, log: Log): NodeJS.Timeout {
  let writing: Promise<void> | undefined;
  return setInterval(() => {
    writing ??= journal
      .flush()
      .catch((error: unknown) => log("error", `cannot write the journal: ${String(error)}`))
      .finally(() => {
        writing = undefined;
      });
  }, FLUSH_EVERY_MS);
}

function keepFresh(sessions: Sessions, log: Log): NodeJS.Timeout {
  return setInterval(() => {
    sessions.refresh().catch((error: unknown) => log("error", `cannot read the credentials: ${String(error)}`));
  }, REFRESH_EVERY_MS);
}
