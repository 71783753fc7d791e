import { readFile } from "node:fs/promises";
import type { Cloud } from "../api/cloud.ts";
import { CLOUD_KIND } from "../api/cloud.ts";
import { API_VERSION, SYSTEM_NAMESPACE } from "../api/names.ts";
import { APPROVAL_KIND, PLAN_KIND } from "../api/plan.ts";
import type { Cache } from "../kube/cache.ts";
import { Releases } from "../desired/release-facts.ts";
import type { KubeClient } from "../kube/client.ts";
import { fieldAt } from "../kube/types.ts";
import { OptionsJudge } from "../options/index.ts";
import { Controller } from "../runtime/controller.ts";
import { EventRecorder } from "../runtime/events.ts";
import { Manager, type StopReason } from "../runtime/manager.ts";
import { Metrics } from "../runtime/metrics.ts";
import { loadWorkloads } from "../workloads/registry.ts";
import { ApprovalReview } from "./approvals/review.ts";
import { CloudAdmission } from "./cloud-admission.ts";
import { CloudReconciler } from "./cloud-reconciler.ts";
import { evidencePorts } from "./evidence-ports.ts";
import { driftTeller } from "./drift-report.ts";
import { OPERATOR_HEALTH_PORT } from "./install.ts";
import { Candidates } from "./plans/candidate.ts";
import { type PlanParts, planParts } from "./plans/parts.ts";
import { addWebhook } from "./webhook.ts";

export interface OperatorOptions {
  readonly client: KubeClient;
  readonly metrics: Metrics;
  /** File with the reference of each image by name. */
  readonly imagesFile: string;
  /** Reference of the image that this process runs from; a word of its own outside of a cluster. */
  readonly operatorImage: string;
  /** Unique for each process: the pod's name. */
  readonly identity: string;
  /** Domain of the cluster's Services. */
  readonly clusterDomain: string;
  /** In the cluster the front door is reached by its Service, outside by its public endpoint. */
  readonly inCluster: boolean;
  readonly log: (level: "info" | "warn" | "error", fields: Readonly<Record<string, unknown>>) => void;
  readonly signal: AbortSignal;
}

/** Runs the operator until the signal aborts or the lead is lost. Throws when it cannot start. */
export async function runOperator(options: OperatorOptions): Promise<StopReason> {
  const { client, metrics, log, clusterDomain } = options;
  const images = JSON.parse(await readFile(options.imagesFile, "utf8")) as Record<string, string>;
  const onError = (where: string, error: unknown): void => log("warn", { where, error: messageOf(error) });
  const manager = new Manager({
    client,
    metrics,
    lease: { namespace: SYSTEM_NAMESPACE, name: "underpin-operator", identity: options.identity },
    health: { host: options.inCluster ? "0.0.0.0" : "127.0.0.1", port: options.inCluster ? OPERATOR_HEALTH_PORT : 0 },
    onError,
    onLead: () => log("info", { message: "this process leads" }),
  });
  const clouds = manager.cache({ apiVersion: API_VERSION, kind: CLOUD_KIND });
  const nodes = manager.cache({ apiVersion: "v1", kind: "Node" });
  const gateway = (cloud: Cloud): string => `https://gateway.${cloud.metadata.namespace}.svc.${clusterDomain}`;
  const events = new EventRecorder(client, {
    controller: "underpin.dev/operator",
    instance: options.identity,
    onError: (error) => log("warn", { where: "events", error: messageOf(error) }),
  });
  const judge = new OptionsJudge();
  const plans = manager.cache({ apiVersion: API_VERSION, kind: PLAN_KIND });
  const approvals = manager.cache({ apiVersion: API_VERSION, kind: APPROVAL_KIND });
  const workloads = await loadWorkloads();
  const { inCluster } = options;
  const releases = new Releases(onError);
  const parts = planParts({
    client,
    releases,
    workloads,
    images,
    clusterDomain,
    plans,
    approvals,
    operatorImage: options.operatorImage,
    evidence: (cloud) => evidencePorts(cloud, { client, clusterDomain, inCluster }),
    enqueue: (key) => controller.enqueue(key),
  });
  const admission = new CloudAdmission((cloud) => judge.judge(cloud));
  const reconciler = new CloudReconciler({
    client,
    workloads,
    images,
    clouds,
    nodes,
    events,
    admission,
    plans: parts,
    releases,
    clusterDomain,
    gateway: options.inCluster ? gateway : undefined,
    enqueue: (key) => controller.enqueue(key),
    onWrite: metrics.onWrite,
    onDrift: driftTeller({ clouds, events, metrics, log: (fields) => log("info", fields) }),
    onError,
    log: (fields) => log("info", fields),
  });
  const controller = new Controller<string>({
    name: "cloud",
    reconcile: async (key) => {
      const { requeueAfterSeconds } = await reconciler.reconcile(key);
      return requeueAfterSeconds === undefined
        ? { type: "done" }
        : { type: "requeueAfter", ms: requeueAfterSeconds * 1000 };
    },
    onError: (key, error, retryMs) => log("error", { cloud: key, error: messageOf(error), retryMs }),
  });
  controller.watch(clouds, ({ object }) => [keyOf(object.metadata)]);
  // Which nodes there are and what they can do decides what is built for every Cloud.
  controller.watch(nodes, (event) =>
    event.type === "modified" && sameNode(event.previous, event.object)
      ? []
      : clouds.list().map(({ metadata }) => keyOf(metadata)),
  );
  // What somebody says of a Plan, and who approves one.
  controller.watch(plans, ({ object }) => [`${object.metadata.namespace}/${String(fieldAt(object, "spec", "cloud"))}`]);
  controller.watch(approvals, ({ object }) =>
    clouds.list(object.metadata.namespace).map(({ metadata }) => keyOf(metadata)),
  );
  manager.add(controller);
  manager.add(candidateController(parts, plans, log));
  const webhook = options.inCluster
    ? await addWebhook(manager, {
        client,
        metrics,
        events,
        clouds,
        clusterDomain,
        admission,
        judge: (cloud) => judge.judge(cloud),
        approvals: new ApprovalReview({ client }),
        enqueue: (key) => controller.enqueue(key),
        onError,
      })
    : undefined;
  try {
    return await manager.run(options.signal);
  } finally {
    await webhook?.close();
    await reconciler.close();
    await events.flush();
  }
}

/** What users propose is planned beside what is carried out. */
function candidateController(parts: PlanParts, plans: Cache, log: OperatorOptions["log"]): Controller {
  const controller = new Controller<string>({
    name: "plan",
    reconcile: async (key) => {
      await parts.candidates.reconcile(key);
      return { type: "done" };
    },
    onError: (key, error, retryMs) => log("error", { plan: key, error: messageOf(error), retryMs }),
  });
  controller.watch(plans, ({ object }) => (Candidates.isOne(object) ? [keyOf(object.metadata)] : []));
  return controller;
}

function keyOf(metadata: { readonly namespace?: string; readonly name: string }): string {
  return `${metadata.namespace ?? ""}/${metadata.name}`;
}

/** A node's heartbeat changes its status every few minutes; only labels and addresses matter to us. */
function sameNode(
  before: { readonly [field: string]: unknown },
  after: { readonly [field: string]: unknown },
): boolean {
  const relevant = (node: { readonly [field: string]: unknown }): string => {
    const { metadata, status } = node as { metadata?: { labels?: unknown }; status?: { addresses?: unknown } };
    return JSON.stringify([metadata?.labels, status?.addresses]);
  };
  return relevant(before) === relevant(after);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
