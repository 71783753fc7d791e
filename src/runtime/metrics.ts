import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { ApplyResult } from "../kube/apply.ts";

/** The operator's own figures, for Prometheus. */
export class Metrics {
  readonly registry = new Registry();
  readonly #reconciles: Counter<"controller" | "result">;
  readonly #seconds: Histogram<"controller">;
  readonly #depth: Gauge<"controller">;
  readonly #writes: Counter<"kind" | "result">;
  readonly #drift: Counter<"kind" | "action">;
  readonly #calls: Counter<"method" | "status">;
  readonly #leader: Gauge;
  readonly #admissions: Counter<"result">;
  readonly #webhook: Gauge;
  readonly #webhookEnd: Gauge;

  constructor(prefix = "underpin_operator_") {
    const registers = [this.registry];
    // The event loop's lag is among the defaults; a coarser clock keeps an idle process idle.
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: 100 });
    this.#reconciles = new Counter({
      name: `${prefix}reconciles_total`,
      help: "Runs of a reconciler, by how they ended (done, requeueAfter, waiting, error)",
      labelNames: ["controller", "result"],
      registers,
    });
    this.#seconds = new Histogram({
      name: `${prefix}reconcile_seconds`,
      help: "Duration of one run",
      labelNames: ["controller"],
      buckets: [0.005, 0.02, 0.1, 0.5, 1, 5, 30, 120],
      registers,
    });
    this.#depth = new Gauge({
      name: `${prefix}queue_depth`,
      help: "Keys that wait for a worker",
      labelNames: ["controller"],
      registers,
    });
    this.#writes = new Counter({
      name: `${prefix}applies_total`,
      help: "Server-side applies, by kind and result (created, configured, unchanged); skipped ones are not counted",
      labelNames: ["kind", "result"],
      registers,
    });
    this.#drift = new Counter({
      name: `${prefix}drift_total`,
      help: "Changes that nobody planned, by kind and what was done (Repaired, Reported)",
      labelNames: ["kind", "action"],
      registers,
    });
    this.#calls = new Counter({
      name: `${prefix}api_calls_total`,
      help: "Calls to the Kubernetes API without streams, by method and HTTP status",
      labelNames: ["method", "status"],
      registers,
    });
    this.#leader = new Gauge({ name: `${prefix}leader`, help: "1 while this process leads", registers });
    this.#admissions = new Counter({
      name: `${prefix}admissions_total`,
      help: "Answers of the admission webhook (allowed, refused, failed: could not be judged)",
      labelNames: ["result"],
      registers,
    });
    this.#webhook = new Gauge({
      name: `${prefix}webhook_up`,
      help: "1 while the admission webhook answers by its Service; told by the process that leads",
      registers,
    });
    this.#webhookEnd = new Gauge({
      name: `${prefix}webhook_certificate_end_seconds`,
      help: "When the webhook's certificate ends, in seconds since 1970",
      registers,
    });
  }

  reconciled(controller: string, result: string, seconds: number): void {
    this.#reconciles.inc({ controller, result });
    this.#seconds.observe({ controller }, seconds);
  }

  depth(controller: string, keys: number): void {
    this.#depth.set({ controller }, keys);
  }

  /** For `ApplierOptions.onWrite`. */
  readonly onWrite = (kind: string, result: ApplyResult): void => this.#writes.inc({ kind, result });

  readonly onDrift = (kind: string, action: "Repaired" | "Reported"): void => this.#drift.inc({ kind, action });

  /** For `TransportOptions.onCall`. */
  readonly onCall = (call: { method: string; status: number }): void =>
    this.#calls.inc({ method: call.method, status: String(call.status) });

  readonly onAdmission = (result: "allowed" | "refused" | "failed"): void => this.#admissions.inc({ result });

  webhook(answers: boolean, end: Date): void {
    this.#webhook.set(answers ? 1 : 0);
    this.#webhookEnd.set(end.getTime() / 1000);
  }

  leads(yes: boolean): void {
    this.#leader.set(yes ? 1 : 0);
  }
}
