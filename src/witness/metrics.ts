import { Counter, Gauge, Histogram, Registry } from "prom-client";

import { count, type Blind, type Operation } from "./records.ts";
import { operationsOf, type Seen } from "./report.ts";

/** Window of the gauge of the worst gap. */
const HOUR_MS = 3_600_000;

/** The witness' counters as Prometheus reads them; they begin at 0 with the process. */
export class Metrics {
  readonly registry = new Registry();
  readonly #seen: () => Seen;
  readonly #operations = new Counter({
    name: "underpin_witness_operations_total",
    help: "Operations that the witness sent, by API and outcome (ok, slow: over 2 s, failed).",
    labelNames: ["api", "outcome"],
    registers: [this.registry],
  });
  readonly #seconds = new Histogram({
    name: "underpin_witness_operation_seconds",
    help: "Seconds that operations took, by API.",
    labelNames: ["api"],
    buckets: [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10],
    registers: [this.registry],
  });
  readonly #lastSuccess = new Gauge({
    name: "underpin_witness_last_success_timestamp_seconds",
    help: "When an operation last succeeded, by API.",
    labelNames: ["api"],
    registers: [this.registry],
  });
  readonly #worstGap = new Gauge({
    name: "underpin_witness_worst_gap_seconds",
    help: "Longest time without a success in the last hour, by API.",
    labelNames: ["api"],
    registers: [this.registry],
  });
  readonly #blind = new Counter({
    name: "underpin_witness_blind_seconds_total",
    help: "Seconds in which the witness could not have seen a failure.",
    registers: [this.registry],
  });

  constructor(seen: () => Seen) {
    this.#seen = seen;
  }

  operation(operation: Operation): void {
    const { api, outcome, tookMs, startedAt } = operation;
    this.#operations.inc({ api, outcome });
    this.#seconds.observe({ api }, tookMs / 1000);
    if (outcome !== "failed") this.#lastSuccess.set({ api }, (startedAt + tookMs) / 1000);
  }

  blind(blind: Blind): void {
    this.#blind.inc((blind.to - blind.from) / 1000);
  }

  /** In Prometheus' text form. */
  async text(now: number): Promise<string> {
    const { apis, operations, blind, firstSeen } = this.#seen();
    const window = { from: Math.max(now - HOUR_MS, firstSeen), to: now };
    for (const api of apis) {
      const own = operationsOf(operations, api, window.from);
      this.#worstGap.set({ api }, count(own, window, blind).worstGapMs / 1000);
    }
    return this.registry.metrics();
  }
}
