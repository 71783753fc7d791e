// A made-up cloud on a real API server: the operator with its own rights and no others, and stand-ins for Kubernetes' controllers.
import { setTimeout as sleep } from "node:timers/promises";
import { customResourceDefinitions } from "../../src/api/crd.ts";
import { resolveService } from "../../src/api/cloud.ts";
import { API_VERSION, CLI_FIELD_MANAGER, LABEL, MANAGED_BY } from "../../src/api/names.ts";
import { contentHash } from "../../src/content/canonical.ts";
import { Releases } from "../../src/desired/release-facts.ts";
import { Cache } from "../../src/kube/cache.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { createClient } from "../../src/kube/http-client.ts";
import { fieldAt, type KubeObject, refOf } from "../../src/kube/types.ts";
import { CloudAdmission } from "../../src/operator/cloud-admission.ts";
import { CloudReconciler } from "../../src/operator/cloud-reconciler.ts";
import { cloudNamespaceManifests, operatorManifests } from "../../src/operator/install.ts";
import { planParts } from "../../src/operator/plans/parts.ts";
import { everyRule } from "../../src/operator/rbac-rules.ts";
import { EventRecorder } from "../../src/runtime/events.ts";
import type { ApplyStep, BuildInput, Manifest, Workload } from "../../src/workloads/contract.ts";
import { OPERATOR_TOKEN, type ApiServer } from "./api-server.ts";

export const KEY = "laptop/laptop";
const LABELS = { [LABEL.managedBy]: MANAGED_BY, [LABEL.instance]: "laptop" };

function manifest(apiVersion: string, kind: string, name: string, rest: object): Manifest {
  return { apiVersion, kind, metadata: { name, namespace: "laptop", labels: LABELS }, ...rest };
}

function podSpec(configMap: string, restartPolicy: string): object {
  return {
    metadata: { labels: { app: "made-up" } },
    spec: {
      restartPolicy,
      containers: [{ name: "main", image: "example.org/x:1" }],
      volumes: [{ name: "config", configMap: { name: configMap } }],
    },
  };
}

/** Configuration named by its content, a Job that it asks for, and a Deployment that has it mounted. */
function workload(name: "keystone" | "placement" | "glance", needs: readonly string[]): Workload {
  const objects = ({ cloud }: BuildInput): Manifest[] => {
    const service = resolveService(cloud, name);
    const data = { "options.json": JSON.stringify(service.options) };
    const config = `${name}-${contentHash(data).slice(0, 10)}`;
    const job = `${name}-db-${contentHash(config).slice(0, 10)}`;
    return [
      manifest("v1", "ConfigMap", config, { data, immutable: true }),
      manifest("batch/v1", "Job", job, { spec: { template: podSpec(config, "Never") } }),
      manifest("v1", "Service", name, { spec: { ports: [{ port: 80 }], selector: { app: name } } }),
      manifest("apps/v1", "Deployment", name, {
        spec: {
          replicas: service.replicas ?? 1,
          selector: { matchLabels: { app: "made-up" } },
          template: podSpec(config, "Always"),
        },
      }),
    ];
  };
  const step = (id: string, after: readonly string[], key: string): ApplyStep => ({
    id: `${name}/${id}`,
    type: "apply",
    objects: [key],
    until: "ready",
    needs: after,
    onFailure: "Look at it.",
    timeoutSeconds: 60,
  });
  return {
    name,
    certificates: () => [],
    credentials: () => [{ name: `${name}-user`, keys: { password: "password" } }],
    build: objects,
    procedure: (_input, built) => {
      const job = built.find(({ kind }) => kind === "Job")?.metadata.name ?? "";
      return [step("db", needs, `Job/laptop/${job}`), step("run", [`${name}/db`], `Deployment/laptop/${name}`)];
    },
    observe: () => ({ ready: [`Deployment/laptop/${name}`], next: "look" }),
  };
}

export const WORKLOADS: readonly Workload[] = [
  workload("keystone", []),
  workload("placement", ["keystone/run"]),
  workload("glance", ["keystone/run"]),
];

export interface WorldOptions {
  /** Stands around the operator's client: what the operator asks and writes goes through it. */
  readonly around: (client: KubeClient) => KubeClient;
}

/** The operator of one Cloud, whose passes are called one by one. */
export class PlanWorld {
  readonly admin: KubeClient;
  readonly #operator: KubeClient;
  #reconciler: CloudReconciler | undefined;
  #caches: readonly Cache[] = [];
  #events: EventRecorder | undefined;

  constructor(api: ApiServer, options: WorldOptions) {
    this.admin = createClient(api.config);
    this.#operator = options.around(createClient({ ...api.config, token: () => Promise.resolve(OPERATOR_TOKEN) }));
  }

  /** The installation, the namespaces, a node and the Cloud. */
  async found(spec: object): Promise<void> {
    const made = { fieldManager: CLI_FIELD_MANAGER };
    const crds = customResourceDefinitions();
    const rules = await everyRule();
    const install = operatorManifests({ operatorImage: "operator:1", images: {}, crds, cloudRules: rules });
    for (const object of [...install, ...cloudNamespaceManifests({ name: "laptop", namespace: "laptop" })])
      await this.admin.apply(object, made);
    const labels = { "underpin.dev/cloud": "laptop.laptop" };
    const node = await this.admin.apply({ apiVersion: "v1", kind: "Node", metadata: { name: "n1", labels } }, made);
    const status = { addresses: [{ type: "InternalIP", address: "10.90.0.11" }] };
    await this.admin.patch(refOf(node), { type: "merge", value: { status } }, { subresource: "status" });
    for (const end = Date.now() + 60_000; Date.now() < end; await sleep(100)) {
      const kinds = ["Cloud", "Plan", "PlanApproval", "Hypervisor"];
      const served = await Promise.allSettled(kinds.map((kind) => this.admin.list({ apiVersion: API_VERSION, kind })));
      if (served.every((one) => one.status === "fulfilled")) break;
    }
    const metadata = { name: "laptop", namespace: "laptop" };
    await this.admin.apply({ apiVersion: API_VERSION, kind: "Cloud", metadata, spec }, made);
  }

  /** A new process of the operator; the one before is gone. */
  async start(operatorImage = "operator:1"): Promise<void> {
    await this.halt();
    const client = this.#operator;
    const cache = (apiVersion: string, kind: string): Cache => new Cache(client, { apiVersion, kind });
    const own = ["Cloud", "Plan", "PlanApproval"].map((kind) => cache(API_VERSION, kind));
    const [clouds, plans, approvals] = own as [Cache, Cache, Cache];
    const nodes = cache("v1", "Node");
    this.#caches = [...own, nodes];
    for (const one of this.#caches) one.start();
    await Promise.all(this.#caches.map((one) => one.waitForSync()));
    this.#events = new EventRecorder(client, { controller: "underpin.dev/operator", instance: "test" });
    const common = {
      client,
      workloads: WORKLOADS,
      images: {},
      clusterDomain: "cluster.local",
      releases: new Releases(() => undefined),
      enqueue: () => undefined,
    };
    const nothing = {
      onWrite: () => undefined,
      onError: () => undefined,
      onDrift: () => undefined,
      log: () => undefined,
    };
    this.#reconciler = new CloudReconciler({
      ...common,
      ...nothing,
      clouds,
      nodes,
      events: this.#events,
      admission: new CloudAdmission(() => Promise.resolve([])),
      gateway: undefined,
      plans: planParts({
        ...common,
        plans,
        approvals,
        operatorImage,
        evidence: () => ({
          witness: () => Promise.reject(new Error("there is none")),
          kube: client,
          namespaces: ["laptop", "laptop-nodes"],
          apis: [],
        }),
      }),
    });
  }

  async halt(): Promise<void> {
    await this.#reconciler?.close();
    await this.#events?.flush();
    await Promise.all(this.#caches.map((one) => one.close()));
    this.#caches = [];
  }

  async close(): Promise<void> {
    await this.halt();
    await Promise.all([this.admin.close(), this.#operator.close()]);
  }

  /** One pass, when the operator's watches have seen what was written. */
  async pass(): Promise<void> {
    // In slices: a machine that stands still for a moment uses up one of them, and the watches have the rest.
    for (let slice = 0; slice < 6; slice += 1) await sleep(10);
    await this.#reconciler?.reconcile(KEY);
  }

  /** Passes with controllers between them until nothing moves. */
  async settle(): Promise<void> {
    let before = "";
    for (let quiet = 0; quiet < 2;) {
      await this.pass();
      await this.settleControllers();
      const now = await this.#versions();
      quiet = now === before ? quiet + 1 : 0;
      before = now;
    }
  }

  async plans(): Promise<readonly KubeObject[]> {
    return (await this.admin.list({ apiVersion: API_VERSION, kind: "Plan" })).items;
  }

  async #versions(): Promise<string> {
    const kinds = [
      ["Cloud", API_VERSION],
      ["Plan", API_VERSION],
      ["Deployment", "apps/v1"],
      ["Job", "batch/v1"],
      ["ConfigMap", "v1"],
    ];
    const lists = await Promise.all(
      kinds.map(([kind = "", apiVersion = ""]) => this.admin.list({ apiVersion, kind, namespace: "laptop" })),
    );
    return lists
      .flatMap(({ items }) => items.map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`))
      .join("\n");
  }

  /** Makes Deployments available and Jobs complete, and lets go of what is deleted in the foreground. */
  async settleControllers(): Promise<void> {
    for (const [kind, apiVersion] of [
      ["Deployment", "apps/v1"],
      ["Job", "batch/v1"],
    ] as const) {
      for (const item of (await this.admin.list({ apiVersion, kind, namespace: "laptop" })).items) {
        const ref = { apiVersion, kind, namespace: "laptop", name: item.metadata.name };
        if (item.metadata.deletionTimestamp !== undefined)
          await this.admin.patch(ref, { type: "merge", value: { metadata: { finalizers: null } } });
        else if (kind === "Job" ? fieldAt(item, "status", "succeeded") !== 1 : isStale(item))
          await this.admin.patch(
            ref,
            { type: "merge", value: { status: readyStatus(item, kind) } },
            { subresource: "status" },
          );
      }
    }
  }
}

function isStale(item: KubeObject): boolean {
  return fieldAt(item, "status", "observedGeneration") !== item.metadata.generation;
}

function readyStatus(item: KubeObject, kind: string): object {
  if (kind === "Deployment") {
    const replicas = fieldAt(item, "spec", "replicas");
    const { generation } = item.metadata;
    return {
      observedGeneration: generation,
      replicas,
      updatedReplicas: replicas,
      readyReplicas: replicas,
      availableReplicas: replicas,
    };
  }
  const time = new Date().toISOString().replace(/\.\d+Z$/, "Z");
  const condition = (type: string): object => ({ type, status: "True", lastProbeTime: time, lastTransitionTime: time });
  return {
    startTime: time,
    completionTime: time,
    succeeded: 1,
    conditions: [condition("SuccessCriteriaMet"), condition("Complete")],
  };
}
