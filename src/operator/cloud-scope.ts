import type { Cloud } from "../api/cloud.ts";
import { FIELD_MANAGER, GROUP, LABEL, MANAGED_BY, nodesNamespace } from "../api/names.ts";
import { DesiredMemo } from "../desired/memo.ts";
import { secretManifest } from "../desired/secret-manifest.ts";
import { secretText } from "../desired/snapshot.ts";
import { INVENTORY_NAME } from "../desired/state.ts";
import type { SecretPort } from "../desired/vault.ts";
import { CallRunner } from "../execute/call-runner.ts";
import type { StepPorts } from "../execute/execution.ts";
import { openstackActions } from "../execute/openstack-actions.ts";
import { reloadPods } from "../execute/reload-pods.ts";
import { Applier, type ApplyResult } from "../kube/apply.ts";
import type { KubeClient } from "../kube/client.ts";
import { Inventory } from "../kube/inventory.ts";
import { readiness } from "../kube/ready.ts";
import { type KubeObject, refOf } from "../kube/types.ts";
import type { DriftRecord } from "../plan/drift.ts";
import { Session } from "../openstack/session.ts";
import type { Facts, Manifest } from "../workloads/contract.ts";
import { Drift, type Planned } from "./drift.ts";
import { askNova, NovaMonitor } from "./hypervisors.ts";
import { NamespaceView } from "./namespace-view.ts";

export interface ScopeOptions {
  readonly client: KubeClient;
  /** Where the operator reaches the front door; undefined: by the public endpoint, as from outside the cluster. */
  readonly gateway: ((cloud: Cloud) => string) | undefined;
  /** Told when something of the Cloud changed or a call ended. */
  readonly onChange: () => void;
  /** Told of what failed in the background and is tried again. */
  readonly onError: (where: string, error: unknown) => void;
  /** Told of every write, for metrics. */
  readonly onWrite: (kind: string, result: ApplyResult) => void;
  /** Told of each change that nobody planned. */
  readonly onDrift: (record: DriftRecord) => void;
}

/** All that the operator holds for one Cloud while it lives: watches, running calls, a session. Rebuilt after a restart. */
export class CloudScope {
  readonly view: NamespaceView;
  readonly applier: Applier;
  /** What was built in the last pass. */
  readonly desired = new DesiredMemo();
  readonly inventory: Inventory;
  readonly drift: Drift;
  readonly calls: CallRunner;
  /** What nova says of the nodes; asks nothing before it is started. */
  readonly nova: NovaMonitor;
  /** Facts of the last pass; calls read credentials from them. */
  facts: Facts | undefined;
  readonly #options: ScopeOptions;
  readonly #cloud: { name: string; namespace: string };
  #session: { readonly key: string; readonly session: Session } | undefined;
  #current: Cloud | undefined;

  constructor(cloud: { name: string; namespace: string }, options: ScopeOptions) {
    this.#cloud = cloud;
    this.#options = options;
    const { client, onChange, onWrite, onError, onDrift } = options;
    this.view = new NamespaceView(client, [cloud.namespace, nodesNamespace(cloud.namespace)], {
      onChange,
      onError,
    });
    this.applier = new Applier(client, { fieldManager: FIELD_MANAGER, shapeAnnotation: `${GROUP}/shape`, onWrite });
    const { view, applier } = this;
    this.drift = new Drift({ client, cloud, applier, view, onDrift, onChange, onError });
    const labels = { [LABEL.instance]: cloud.name, [LABEL.managedBy]: MANAGED_BY };
    this.inventory = new Inventory(client, {
      namespace: cloud.namespace,
      name: INVENTORY_NAME,
      fieldManager: FIELD_MANAGER,
      labels,
    });
    const credential = (name: string, key: string): string => {
      const value = this.facts?.credentials[name]?.[key];
      if (value === undefined) throw new Error(`credential ${name} has no key ${key} yet`);
      return value;
    };
    const actions = openstackActions({ session: () => this.session(), credential });
    this.calls = new CallRunner({ ...actions, "reload-pods": reloadPods(client) }, onChange);
    this.nova = new NovaMonitor(async () => askNova(await this.session()), onChange);
  }

  start(): Promise<void> {
    return this.view.start();
  }

  async close(): Promise<void> {
    this.calls.close();
    this.nova.close();
    await Promise.all([this.view.close(), this.drift.close(), this.#session?.session.close()]);
  }

  /** Facts and Cloud of this pass, for the calls that it starts, and what of a plan it may write. */
  use(cloud: Cloud, facts: Facts, planned?: Planned): void {
    this.#current = cloud;
    this.facts = facts;
    this.drift.begin(cloud, planned);
  }

  ports(): StepPorts {
    const live = (manifest: Manifest): KubeObject | undefined => this.view.get(refOf(manifest));
    return {
      live,
      ensure: (manifest, settled) => this.drift.ensure(manifest, settled),
      readiness: (object) => readiness(object as KubeObject),
      call: (step, hash) => this.calls.call(step, hash),
    };
  }

  /** The Secrets of the Cloud's namespace as text. */
  secrets(): SecretPort {
    const { namespace } = this.#cloud;
    const ref = (name: string) => ({ apiVersion: "v1", kind: "Secret", namespace, name });
    return {
      read: async (name) => {
        // A Secret that the user made beforehand carries no label of ours, so the watch does not see it.
        const seen = this.view.get(ref(name)) ?? (await this.#options.client.get(ref(name)));
        if (seen !== undefined) this.drift.sawSecret(name);
        return secretText(seen);
      },
      write: (name, data, type) => this.drift.rewrite(secretManifest(this.#cloud, name, { data, type })),
    };
  }

  /** The administrator's session through the front door; made anew when the password or the authority changed. */
  async session(): Promise<Session> {
    const { facts } = this;
    const cloud = this.#current;
    const password = facts?.credentials["keystone-admin"]?.["password"];
    if (facts === undefined || cloud === undefined || password === undefined)
      throw new Error("the administrator has no password yet");
    const key = [password, facts.caCertificate, facts.publicEndpoint].join("\n");
    if (this.#session?.key === key) return this.#session.session;
    await this.#session?.session.close();
    const gateway = this.#options.gateway?.(cloud);
    const session = new Session({
      authUrl: `https://${facts.publicEndpoint}/identity`,
      username: "admin",
      password,
      project: "admin",
      region: cloud.spec.region,
      caCertificate: facts.caCertificate,
      timeoutMs: 10_000,
      ...(gateway === undefined ? {} : { gateway }),
    });
    this.#session = { key, session };
    return session;
  }
}
