// A made-up Cloud on an API server in memory: the operator's reconciler, and stand-ins for Kubernetes' controllers.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { customResourceDefinitions } from "../../src/api/crd.ts";
import { Releases } from "../../src/desired/release-facts.ts";
import { Cache } from "../../src/kube/cache.ts";
import { KubeError } from "../../src/kube/errors.ts";
import { FakeKube } from "../../src/kube/fake.ts";
import { fieldAt, type KubeObject } from "../../src/kube/types.ts";
import { CloudAdmission } from "../../src/operator/cloud-admission.ts";
import { CloudReconciler } from "../../src/operator/cloud-reconciler.ts";
import { driftTeller } from "../../src/operator/drift-report.ts";
import { planParts } from "../../src/operator/plans/parts.ts";
import { OptionsJudge } from "../../src/options/index.ts";
import { EventRecorder } from "../../src/runtime/events.ts";
import type { ApplyStep, Manifest, Workload } from "../../src/workloads/contract.ts";
import { LAPTOP } from "./build-input.ts";

export const KEY = "laptop/laptop";
export const CLOUD = { apiVersion: "underpin.dev/v1alpha1", kind: "Cloud", namespace: "laptop", name: "laptop" };
const WRITES = ["create", "apply", "patch", "delete"];
/** What is the operator's own and written more than once by its nature. */
const OWN = /(Event|Cloud|Plan)\/|underpin-(state|inventory|vault|drift)$|ConfigMap\/laptop\/laptop-\d+-/;
const LABELS = { "app.kubernetes.io/managed-by": "underpin", "app.kubernetes.io/instance": "laptop" };

function manifest(apiVersion: string, kind: string, name: string, rest: object): Manifest {
  const namespace = kind === "DaemonSet" || name.startsWith("clean-") ? "laptop-nodes" : "laptop";
  return { apiVersion, kind, metadata: { name, namespace, labels: LABELS }, ...rest };
}

const step = (id: string, needs: readonly string[], ...objects: readonly string[]): ApplyStep => ({
  id,
  type: "apply",
  objects,
  until: "ready",
  needs,
  onFailure: "Look at it.",
  timeoutSeconds: 60,
});

const base = {
  certificates: () => [],
  credentials: () => [],
  observe: () => ({ ready: [], next: "look" }),
};

/** A database with a claim, a service that needs it with a Job before, and an agent on each node. */
export function workloads(setting = "1"): Workload[] {
  const spec = { template: { spec: { containers: [{ name: "main", image: "x" }] } } };
  return [
    {
      ...base,
      name: "store",
      credentials: () => [{ name: "store-root", keys: { password: "password" } }],
      certificates: () => [{ name: "store-tls", commonName: "store", dnsNames: ["store"], ipAddresses: [] }],
      build: () => [
        manifest("v1", "PersistentVolumeClaim", "store-data", { spec: { accessModes: ["ReadWriteOnce"] } }),
        manifest("v1", "ConfigMap", "store", { data: { setting } }),
        manifest("v1", "Service", "store", { spec: { ports: [{ port: 3306 }] } }),
        manifest("apps/v1", "StatefulSet", "store", { spec: { replicas: 1, ...spec } }),
      ],
      procedure: () => [step("store/run", [], "StatefulSet/laptop/store")],
      observe: () => ({ ready: ["StatefulSet/laptop/store"], next: "look" }),
    },
    {
      ...base,
      name: "api",
      build: ({ facts }) => [
        manifest("v1", "Secret", "api-conf", {
          type: "Opaque",
          data: { password: Buffer.from(facts.credentials["store-root"]?.["password"] ?? "").toString("base64") },
        }),
        manifest("batch/v1", "Job", "api-db", { spec }),
        manifest("apps/v1", "Deployment", "api", { spec: { replicas: 2, ...spec } }),
      ],
      procedure: () => [
        step("api/db", ["store/run"], "Job/laptop/api-db"),
        step("api/run", ["api/db"], "Deployment/laptop/api"),
      ],
      observe: () => ({ ready: ["Deployment/laptop/api"], endpointPath: "/api", next: "look" }),
    },
    {
      ...base,
      name: "agents",
      build: () => [manifest("apps/v1", "DaemonSet", "nova-compute-std", { spec })],
      procedure: () => [step("agents/run", [], "DaemonSet/laptop-nodes/nova-compute-std")],
      observe: () => ({ ready: ["DaemonSet/laptop-nodes/nova-compute-std"], endpointPath: "/agents", next: "look" }),
      cleanup: (_input, nodes) => nodes.map((node) => manifest("batch/v1", "Job", `clean-${node}`, { spec })),
    },
  ];
}

/** Every object that a Ready Cloud of `workloads` has. */
export const OBJECTS = [
  "ConfigMap/laptop/store",
  "DaemonSet/laptop-nodes/nova-compute-std",
  "Deployment/laptop/api",
  "Hypervisor/laptop/n1",
  "Job/laptop/api-db",
  "PersistentVolumeClaim/laptop/store-data",
  "Secret/laptop/api-conf",
  "Secret/laptop/store-root",
  "Secret/laptop/store-tls",
  "Secret/laptop/underpin-authority",
  "Service/laptop/store",
  "StatefulSet/laptop/store",
];

const JUDGE = new OptionsJudge();

export interface Options {
  readonly admission?: CloudAdmission;
  readonly workloads?: readonly Workload[];
  readonly images?: Readonly<Record<string, string>>;
  readonly operatorImage?: string;
}

/** The API server, and operators that come and go over it. */
export class World {
  readonly kube: FakeKube;
  /** Calls of the operator that write, also those that change nothing. */
  readonly calls: string[] = [];
  /** Writes of the operator after which it is killed; undefined: it lives. */
  lives: number | undefined;
  /** Jobs that fail, by name, and when they do. */
  readonly failing = new Set<string>();
  failedAt = "2026-01-01T00:00:00Z";
  #others = false;
  #operator: Operator | undefined;

  constructor() {
    this.kube = new FakeKube({
      before: (verb, ref) => {
        if (this.#others || !WRITES.includes(verb)) return;
        if (this.lives === 0) throw new KubeError(verb, 0, { reason: "Unreachable", message: "killed" });
        if (this.lives !== undefined) this.lives -= 1;
        this.calls.push(`${verb} ${ref.kind}/${ref.namespace ?? ""}/${"name" in ref ? ref.name : ""}`);
      },
    });
  }

  /** Namespaces, kinds, the node n1 and the Cloud. */
  async found(spec: object = {}): Promise<void> {
    await this.asOthers(async () => {
      for (const name of ["laptop", "laptop-nodes"])
        await this.kube.create({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
      for (const crd of customResourceDefinitions()) await this.kube.create(crd);
      await this.addNode("n1", "10.90.0.11");
      await this.kube.create({ ...LAPTOP, spec: { ...LAPTOP.spec, ...spec } });
    });
  }

  /** A Cloud that its first operator has made. */
  async ready(spec: object = {}): Promise<void> {
    await this.found(spec);
    await this.start();
    await this.settle();
    assert.equal(fieldAt(await this.cloud(), "status", "phase"), "Ready");
  }

  async addNode(name: string, address: string): Promise<void> {
    const labels = { "underpin.dev/cloud": "laptop.laptop" };
    await this.asOthers(async () => {
      await this.kube.create({ apiVersion: "v1", kind: "Node", metadata: { name, labels } });
      const value = { status: { addresses: [{ type: "InternalIP", address }] } };
      const ref = { apiVersion: "v1", kind: "Node", name };
      await this.kube.patch(ref, { type: "merge", value }, { subresource: "status" });
    });
  }

  /** What users and controllers do: neither counted nor killed. */
  async asOthers<T>(work: () => Promise<T>): Promise<T> {
    const nested = this.#others;
    this.#others = true;
    const before = this.kube.writes.length;
    try {
      return await work();
    } finally {
      this.kube.writes.length = before;
      this.#others = nested;
    }
  }

  /** A new process; the one before is gone. */
  async start(options: Options = {}): Promise<void> {
    await this.#operator?.stop();
    this.lives = undefined;
    this.#operator = await Operator.start(this.kube, options);
  }

  async stop(): Promise<void> {
    await this.#operator?.stop();
  }

  /** One pass, when the operator's watches have seen all that was written; answers in how many seconds the next is due. */
  async pass(): Promise<number | undefined> {
    await sleep(5);
    const outcome = await this.#operator?.reconciler.reconcile(KEY);
    await this.#operator?.events.flush();
    return outcome?.requeueAfterSeconds;
  }

  /** Passes with controllers between them until nothing moves; answers the number of passes. */
  async settle(): Promise<number> {
    for (let passes = 1; passes < 40; passes += 1) {
      const before = this.kube.writes.length;
      await this.pass();
      const moved = await this.controllers();
      if (this.kube.writes.length === before && !moved) return passes;
    }
    return assert.fail(`it does not settle: ${this.kube.writes.slice(-6).join(", ")}`);
  }

  /** Makes every workload ready that is not; true when there was one. */
  async controllers(): Promise<boolean> {
    return this.asOthers(async () => {
      let moved = false;
      for (const [kind, apiVersion] of Object.entries(KINDS)) {
        for (const object of (await this.kube.list({ apiVersion, kind })).items) {
          const fails = kind === "Job" && this.failing.has(object.metadata.name);
          const status = fails ? failedStatus(object, this.failedAt) : readyStatus(object);
          if (fieldAt(object, "status", "observedGeneration") === object.metadata.generation) continue;
          const { name, namespace = "" } = object.metadata;
          const ref = { apiVersion, kind, name, namespace };
          await this.kube.patch(ref, { type: "merge", value: { status } }, { subresource: "status" });
          moved = true;
        }
      }
      return moved;
    });
  }

  /** What the operator wrote of the Cloud's objects, in order; its own books left out. */
  written(): string[] {
    return this.kube.writes.filter((write) => !OWN.test(write));
  }

  async cloud(): Promise<KubeObject | undefined> {
    return this.kube.get(CLOUD);
  }

  /** Keys of all objects with our label, without our own books. */
  async objects(): Promise<string[]> {
    const found: string[] = [];
    for (const [kind, apiVersion] of Object.entries(ALL_KINDS)) {
      for (const { metadata } of (await this.kube.list({ apiVersion, kind })).items)
        found.push(`${kind}/${metadata.namespace ?? ""}/${metadata.name}`);
    }
    return found.filter((key) => !OWN.test(key)).toSorted();
  }
}

const KINDS = { Deployment: "apps/v1", StatefulSet: "apps/v1", DaemonSet: "apps/v1", Job: "batch/v1" };
const ALL_KINDS = {
  ...KINDS,
  ConfigMap: "v1",
  Secret: "v1",
  Service: "v1",
  PersistentVolumeClaim: "v1",
  Hypervisor: "underpin.dev/v1alpha1",
};

function failedStatus(object: KubeObject, lastTransitionTime: string): object {
  const condition = { type: "Failed", status: "True", reason: "BackoffLimitExceeded", message: "it goes wrong" };
  return { observedGeneration: object.metadata.generation, conditions: [{ ...condition, lastTransitionTime }] };
}

function readyStatus(object: KubeObject): object {
  const seen = { observedGeneration: object.metadata.generation };
  const replicas = fieldAt(object, "spec", "replicas");
  if (object.kind === "Job") return { ...seen, conditions: [{ type: "Complete", status: "True" }] };
  if (object.kind === "DaemonSet")
    return { ...seen, desiredNumberScheduled: 1, updatedNumberScheduled: 1, numberAvailable: 1 };
  return { ...seen, replicas, updatedReplicas: replicas, availableReplicas: replicas, readyReplicas: replicas };
}

class Operator {
  readonly reconciler: CloudReconciler;
  readonly events: EventRecorder;
  readonly #caches: readonly Cache[];

  private constructor(
    kube: FakeKube,
    caches: Record<"clouds" | "nodes" | "plans" | "approvals", Cache>,
    options: Options,
  ) {
    const { clouds, nodes, plans, approvals } = caches;
    this.#caches = Object.values(caches);
    const common = {
      client: kube,
      workloads: options.workloads ?? workloads(),
      images: options.images ?? {},
      clusterDomain: "cluster.local",
      releases: new Releases(() => undefined),
      enqueue: () => undefined,
    };
    this.events = new EventRecorder(kube, { controller: "underpin.dev/operator", instance: "test" });
    this.reconciler = new CloudReconciler({
      ...common,
      plans: planParts({
        ...common,
        plans,
        approvals,
        operatorImage: options.operatorImage ?? "operator:1",
        evidence: () => ({
          witness: () => Promise.reject(new Error("there is none")),
          kube,
          namespaces: ["laptop", "laptop-nodes"],
          apis: [],
        }),
      }),
      clouds,
      nodes,
      events: this.events,
      admission: options.admission ?? new CloudAdmission((cloud) => JUDGE.judge(cloud)),
      gateway: undefined,
      onWrite: () => undefined,
      onDrift: driftTeller({
        clouds,
        events: this.events,
        metrics: { onDrift: () => undefined },
        log: () => undefined,
      }),
      onError: () => undefined,
      log: () => undefined,
    });
  }

  static async start(kube: FakeKube, options: Options): Promise<Operator> {
    const { apiVersion } = CLOUD;
    const caches = {
      clouds: new Cache(kube, { apiVersion, kind: "Cloud" }),
      nodes: new Cache(kube, { apiVersion: "v1", kind: "Node" }),
      plans: new Cache(kube, { apiVersion, kind: "Plan" }),
      approvals: new Cache(kube, { apiVersion, kind: "PlanApproval" }),
    };
    for (const cache of Object.values(caches)) cache.start();
    await Promise.all(Object.values(caches).map((cache) => cache.waitForSync()));
    return new Operator(kube, caches, options);
  }

  async stop(): Promise<void> {
    await this.reconciler.close();
    await Promise.all(this.#caches.map((cache) => cache.close()));
  }
}
