import type { Cache } from "../kube/cache.ts";
import type { KubeClient } from "../kube/client.ts";
import { Controller } from "../runtime/controller.ts";
import type { EventRecorder } from "../runtime/events.ts";
import type { Manager } from "../runtime/manager.ts";
import type { Metrics } from "../runtime/metrics.ts";
import type { Judge } from "./admission.ts";
import type { CloudAdmission, WebhookState } from "./cloud-admission.ts";
import { WEBHOOK_PORT } from "./webhook-config.ts";
import { CONFIGURATION_REF, SECRET_REF, STAMP_REF, WebhookKeeper } from "./webhook-keeper.ts";
import { probeWebhook } from "./webhook-probe.ts";
import { type Approvals, WebhookServer } from "./webhook-server.ts";

export interface WebhookOptions {
  readonly client: KubeClient;
  readonly metrics: Metrics;
  readonly events: EventRecorder;
  readonly clouds: Cache;
  readonly clusterDomain: string;
  readonly judge: Judge;
  readonly approvals: Approvals;
  readonly admission: CloudAdmission;
  /** Asks for another pass over a Cloud: its status tells of the webhook. */
  readonly enqueue: (key: string) => void;
  readonly onError: (where: string, error: unknown) => void;
}

/**
 * Serves the webhook from now on, and keeps its certificate and configuration while this process leads. Close what it
 * answers when the manager has stopped.
 */
export async function addWebhook(manager: Manager, options: WebhookOptions): Promise<WebhookServer> {
  const { client, metrics, judge, approvals, onError } = options;
  const server = new WebhookServer({
    host: "0.0.0.0",
    port: WEBHOOK_PORT,
    judge,
    approvals,
    onAnswer: metrics.onAdmission,
    onError: (error) => onError("admission", error),
  });
  await server.listen();
  const keeper = new WebhookKeeper({
    client,
    server,
    clusterDomain: options.clusterDomain,
    probe: probeWebhook(),
    onWrite: metrics.onWrite,
    onState: (state, end) => {
      metrics.webhook(state.answers, end);
      if (options.admission.learn(state)) tell(state, options);
    },
  });
  const [secrets, ...configurations] = [SECRET_REF, CONFIGURATION_REF, STAMP_REF].map(({ name, ...kind }) =>
    manager.cache({ ...kind, fieldSelector: `metadata.name=${name}` }),
  ) as [Cache, ...Cache[]];
  const controller = new Controller<string>({
    name: "webhook",
    reconcile: async () => ({ type: "requeueAfter", ms: await keeper.reconcile() }),
    onError: (_key, error) => onError("webhook", error),
    backOffMs: [1_000, 30_000],
  });
  secrets.subscribe((event) => {
    if (event.type !== "synced" && event.type !== "deleted") keeper.take(event.object);
  });
  for (const cache of [secrets, ...configurations]) controller.watch(cache, () => ["webhook"]);
  controller.enqueue("webhook");
  manager.add(controller);
  return server;
}

/** What changed is in the status of every Cloud; a loss is an Event besides. */
function tell(state: WebhookState, { clouds, events, enqueue }: WebhookOptions): void {
  for (const cloud of clouds.list()) {
    enqueue(`${cloud.metadata.namespace ?? ""}/${cloud.metadata.name}`);
    if (state.answers) continue;
    events.record(cloud, { type: "Warning", reason: state.reason, action: "Admit", note: state.message });
  }
}
