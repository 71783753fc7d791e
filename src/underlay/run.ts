import { readdir, rm } from "node:fs/promises";
import { exec as realExec, type Exec } from "../host/exec.ts";
import { timed, type Report } from "../host/progress.ts";
import { apiReady, nodesReady } from "./api-probe.ts";
import { detectCgroups } from "./cgroups.ts";
import { addonsHash, applyAddons, initCluster, writeKubeconfig, type Kubectl } from "./cluster.ts";
import { DEFAULT_CONFIG, nodeAddress, validateConfig, type NodeConfig, type UnderlayConfig } from "./config.ts";
import { importImages, type ContainerdClient } from "./containerd.ts";
import { UnderlayError } from "./errors.ts";
import { ensureFabric, fabricUp } from "./fabric.ts";
import { kvmUsable } from "./kvm.ts";
import { containerdSocket, killNode, nodeCommand, removeNodeData, runInNode, runningNode, startNode } from "./node.ts";
import type { NodeContext, NodeProcesses } from "./node-types.ts";
import { keepData, type Removal } from "./removal.ts";
import { until } from "./processes.ts";
import { socketAnswers } from "./sockets.ts";
import { readRecord, removeRecord, UnderlayPaths, writeRecord, type UnderlayRecord } from "./state.ts";
import type { EnsureOptions, RemovedData, UnderlayHandle, UnderlayOptions, UnderlayStateReport } from "./types.ts";
import { VERSIONS } from "./versions.ts";

/** How often one run starts a node that ends again. */
const STARTS = 3;

function endedAgain(ended: readonly NodeContext[], cause: unknown): UnderlayError {
  const names = ended.map(({ node }) => node.name).join(", ");
  const logs = ended.map(({ folder }) => `${folder}/var/log/underpin/supervisor.log`).join(" and ");
  return new UnderlayError(`Node ${names} ended three times while it was waited for`, `Read ${logs}.`, cause);
}

/** One call on the cluster of a state folder. */
export class Run {
  readonly exec: Exec;
  readonly config: UnderlayConfig;
  private readonly paths: UnderlayPaths;
  private readonly report: Report;
  private readonly cgroups: NodeContext["cgroups"];
  private record: UnderlayRecord | undefined;
  private changed = false;
  /** Names of the nodes that were started or found running in this attempt. */
  private readonly seen = new Set<string>();
  /** Nothing is waited for in a node that has ended. */
  private readonly hopeless = async (): Promise<boolean> => (await this.ended()).length > 0;

  private constructor(
    options: UnderlayOptions,
    parts: { record: UnderlayRecord | undefined; cgroups: NodeContext["cgroups"] },
  ) {
    this.exec = options.exec ?? realExec;
    this.report = options.report;
    this.paths = new UnderlayPaths(options.stateDir);
    this.record = parts.record;
    this.cgroups = parts.cgroups;
    this.config = parts.record?.config ?? options.config ?? DEFAULT_CONFIG;
  }

  static async open(options: UnderlayOptions): Promise<Run> {
    const record = await readRecord(new UnderlayPaths(options.stateDir));
    return new Run(options, { record, cgroups: await detectCgroups() });
  }

  contexts(): NodeContext[] {
    return this.config.nodes.map((node) => this.context(node));
  }

  private context(node: NodeConfig): NodeContext {
    return { exec: this.exec, config: this.config, node, folder: this.paths.node(node.name), cgroups: this.cgroups };
  }

  /** Brings everything up. A node that ends in the meantime (it was on its way out, somebody killed it) is started again. */
  async ensure(options: EnsureOptions): Promise<UnderlayHandle> {
    validateConfig(this.config);
    await this.endRemoval();
    for (let start = 1; ; start++) {
      try {
        return await this.attempt(options);
      } catch (error) {
        // The programs of a node end before its PID 1, which reaps them: their errors come first.
        await until(this.hopeless, { timeoutMs: 2_000 });
        const ended = await this.ended();
        if (ended.length === 0) throw error;
        if (start === STARTS) throw endedAgain(ended, error);
        for (const { node } of ended) {
          const message = `node ${node.name} ended meanwhile, and is started again`;
          this.report({ part: `underlay/node/${node.name}`, state: "info", message });
        }
      }
    }
  }

  private async attempt(options: EnsureOptions): Promise<UnderlayHandle> {
    this.seen.clear();
    const made = this.record?.phase === "made";
    if (!made) await this.startOver();
    if (!(await fabricUp(this.config)))
      await this.step("network", "making the bridges", () => ensureFabric(this.exec, this.config));
    const clients = new Map<string, ContainerdClient>();
    for (const context of this.contexts()) clients.set(context.node.name, await this.ensureNode(context, options));
    const kube: Kubectl = { exec: this.exec, bin: options.binaries.bin, kubeconfig: this.paths.kubeconfig };
    const [first] = this.contexts();
    if (first === undefined) throw new UnderlayError("The underlay has no node", "List at least one node.");
    if (!made) await this.make(first);
    else await this.resume(first, kube);
    await this.finish(kube);
    return this.handle(clients);
  }

  /** The nodes that were seen to run in this attempt and do not any more. */
  private async ended(): Promise<NodeContext[]> {
    const ended: NodeContext[] = [];
    for (const context of this.contexts())
      if (this.seen.has(context.node.name) && (await runningNode(context)) === undefined) ended.push(context);
    return ended;
  }

  /** A removal that was interrupted is ended before anything new is made: it may have left data that is to be kept. */
  private async endRemoval(): Promise<void> {
    const { removal } = this.record ?? {};
    if (removal === undefined) return;
    for (const context of this.contexts()) await killNode(context);
    await this.finishRemoval(removal);
  }

  private async startOver(): Promise<void> {
    if (this.record !== undefined)
      this.report({
        part: "underlay",
        state: "info",
        message: "an earlier run was interrupted: its half-made cluster is removed",
      });
    for (const context of this.contexts()) {
      await killNode(context);
      await removeNodeData(context);
    }
    await this.remember({ phase: "making", config: this.config, kubernetes: VERSIONS.kubernetes });
  }

  private async ensureNode(context: NodeContext, options: EnsureOptions): Promise<ContainerdClient> {
    const { name } = context.node;
    let processes = await runningNode(context);
    processes ??= await this.step(`node/${name}`, `starting node ${name}`, () =>
      startNode(context, {
        rootfs: options.nodeRootfs,
        ...options.binaries,
        ...(options.seed === undefined ? {} : { seed: options.seed }),
      }),
    );
    this.seen.add(name);
    const client = { exec: this.exec, bin: options.binaries.bin, socket: containerdSocket(processes) };
    if (!(await socketAnswers(client.socket, { timeoutMs: 20_000, hopeless: this.hopeless }))) {
      throw new UnderlayError(
        `containerd of node ${name} does not answer`,
        `Read ${context.folder}/var/log/underpin/containerd/current.`,
      );
    }
    if (this.changed)
      await this.step(`images/${name}`, `importing the control plane's images into ${name}`, () =>
        importImages(client, options.images),
      );
    return client;
  }

  private async make(first: NodeContext): Promise<void> {
    const traits = { cgroupVersion: this.cgroups.version, kvm: await kvmUsable() };
    await this.step("kubeadm", "making the cluster with kubeadm", () => initCluster(first, traits));
    await writeKubeconfig(first, this.paths.kubeconfig);
    await this.remember({ phase: "made", config: this.config, kubernetes: VERSIONS.kubernetes });
  }

  private async resume(first: NodeContext, kube: Kubectl): Promise<void> {
    await writeKubeconfig(first, kube.kubeconfig);
    const ready = (timeoutMs: number): Promise<boolean> =>
      apiReady(kube.kubeconfig, { timeoutMs, hopeless: this.hopeless });
    if (await ready(0)) return;
    await this.step("api", "waiting for the API server", async () => {
      if (!(await ready(120_000)))
        throw new UnderlayError(
          "The API server did not come back within two minutes",
          "Run `underpin doctor`, and look at the node's /var/log/pods.",
        );
    });
  }

  private async finish(kube: Kubectl): Promise<void> {
    const record = this.record;
    if (record === undefined) return;
    if (addonsHash(this.config) !== record.addons) {
      const hash = await this.step("addons", "applying DNS and storage", () => applyAddons(kube, this.config));
      await this.remember({ ...record, addons: hash });
    }
    const nodes = await Promise.all(
      this.contexts().map(async (context) => ({
        name: context.node.name,
        startedMs: (await this.processes(context)).startedMs ?? 0,
      })),
    );
    const ready = (timeoutMs: number): Promise<boolean> =>
      nodesReady(this.paths.kubeconfig, nodes, { timeoutMs, hopeless: this.hopeless });
    if (await ready(0)) return;
    await this.step("nodes", "waiting for the nodes to be Ready", async () => {
      if (!(await ready(120_000))) {
        throw new UnderlayError(
          `Not Ready after two minutes: ${nodes.map(({ name }) => name).join(", ")}`,
          `Look at "underpin kubectl describe node" and ${this.paths.root}/nodes/*/var/log/underpin/kubelet/current.`,
        );
      }
    });
  }

  private async handle(clients: ReadonlyMap<string, ContainerdClient>): Promise<UnderlayHandle> {
    const context = (name: string): NodeContext => this.find(name);
    return {
      kubeconfig: this.paths.kubeconfig,
      changed: this.changed,
      nodes: await Promise.all(
        this.contexts().map(async (one) => ({
          name: one.node.name,
          address: nodeAddress(this.config, one.node),
          pid: (await this.processes(one)).init.pid,
        })),
      ),
      runInNode: async (name, argv, runOptions) => runInNode(context(name), argv, runOptions),
      commandInNode: async (name, argv) => nodeCommand(context(name), await this.processes(context(name)), argv),
      importImages: async (name, images) => {
        const client = clients.get(name);
        if (client === undefined)
          throw new UnderlayError(`There is no node ${name}`, "Choose one of the handle's nodes.");
        return importImages(client, images);
      },
    };
  }

  private find(name: string): NodeContext {
    const context = this.contexts().find((one) => one.node.name === name);
    if (context === undefined)
      throw new UnderlayError(`There is no node ${name}`, "Choose one of the cluster's nodes.");
    return context;
  }

  private async processes(context: NodeContext): Promise<NodeProcesses> {
    const processes = await runningNode(context);
    if (processes === undefined)
      throw new UnderlayError(`Node ${context.node.name} does not run`, "Start it with `underpin up`.");
    return processes;
  }

  async state(): Promise<UnderlayStateReport> {
    const nodes = await Promise.all(
      this.contexts().map(async (context) => {
        const processes = await runningNode(context);
        return {
          name: context.node.name,
          running: processes !== undefined,
          ...(processes === undefined ? {} : { pid: processes.init.pid }),
        };
      }),
    );
    if (this.record === undefined) return { state: "absent", message: "there is no cluster", nodes: [] };
    if (this.record.phase === "removing")
      return { state: "half removed", message: "its removal was interrupted; `underpin down` ends it", nodes };
    if (this.record.phase === "making")
      return { state: "half made", message: "the last run was interrupted; the next one starts over", nodes };
    const kubeconfig = this.paths.kubeconfig;
    if (nodes.every((node) => !node.running))
      return { state: "stopped", message: "the cluster is stopped; its data is kept", nodes, kubeconfig };
    const dead = nodes.filter((node) => !node.running).map((node) => node.name);
    if (dead.length > 0) return { state: "damaged", message: `not running: ${dead.join(", ")}`, nodes, kubeconfig };
    if (!(await fabricUp(this.config)))
      return { state: "damaged", message: "a bridge is missing or down", nodes, kubeconfig };
    if (!(await apiReady(kubeconfig, { timeoutMs: 2_000 })))
      return { state: "damaged", message: "the API server does not answer", nodes, kubeconfig };
    return { state: "running", message: "", nodes, kubeconfig };
  }

  /** Removes the files of a cluster whose nodes do not run, and its data with it. True when data of earlier removals went, too. */
  async purge(): Promise<boolean> {
    const kept = await readdir(this.paths.kept).catch(() => []); // nothing was kept
    await this.forget();
    await rm(this.paths.root, { recursive: true, force: true });
    return kept.length > 0;
  }

  /** Removes the files of a cluster whose nodes do not run; answers the folder with what is kept of its data. */
  async remove(data: RemovedData): Promise<string | undefined> {
    const record = this.record;
    if (record === undefined) return undefined;
    const removal = record.removal ?? { keepIn: this.paths.retained(new Date()), ...data };
    await this.remember({ ...record, phase: "removing", removal });
    return this.finishRemoval(removal);
  }

  private async finishRemoval(removal: Removal): Promise<string | undefined> {
    const nodes = this.contexts().map(({ node, folder }) => ({ name: node.name, folder }));
    const kept = await keepData(nodes, removal);
    await this.forget();
    const { keepIn } = removal;
    if (kept) this.report({ part: "underlay/data", state: "info", message: `the data is kept in ${keepIn}` });
    return kept ? keepIn : undefined;
  }

  private async forget(): Promise<void> {
    await removeRecord(this.paths);
    this.record = undefined;
    for (const context of this.contexts()) await removeNodeData(context);
  }

  private async remember(record: UnderlayRecord): Promise<void> {
    this.record = record;
    await writeRecord(this.paths, record);
  }

  private async step<T>(part: string, message: string, work: () => Promise<T>): Promise<T> {
    this.changed = true;
    return timed(this.report, `underlay/${part}`, message, work);
  }
}
