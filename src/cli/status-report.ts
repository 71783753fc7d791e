import type { Cloud } from "../api/cloud.ts";
import type { Hypervisor } from "../api/hypervisor.ts";
import { API_VERSION } from "../api/names.ts";
import type { KubeClient } from "../kube/client.ts";
import type { KubeObject } from "../kube/types.ts";
import { connect, listClouds } from "./cluster.ts";
import type { CliContext } from "./context.ts";
import type { ClusterFlags } from "./flags.ts";

/** Something that is wrong, in plain words. */
export interface Wrong {
  readonly what: string;
  readonly why: string;
  readonly since?: string;
  readonly next: string;
}

/** Everything that `status` tells; `-o json` prints it as it is. */
export interface StatusReport {
  readonly cluster: { readonly state: string; readonly message: string };
  readonly clouds: readonly CloudReport[];
  readonly nodes: readonly {
    readonly name: string;
    readonly ready: boolean;
    readonly version: string;
    readonly address: string;
    readonly since?: string;
  }[];
  readonly hypervisors: readonly {
    readonly name: string;
    readonly state: string;
    readonly pool: string;
    readonly virtualization: string;
    /** Absent while nova does not tell. */
    readonly guests?: number;
  }[];
  readonly wrong: readonly Wrong[];
}

export interface CloudReport {
  readonly name: string;
  readonly namespace: string;
  readonly release: string;
  readonly phase: string;
  /** What there is to know although nothing is wrong. */
  readonly note?: string;
  readonly ready: string;
  readonly url?: string;
  readonly workloads: NonNullable<NonNullable<Cloud["status"]>["services"]>;
}

/** What brings a cluster that does not run to an end or a beginning. */
const NEXT: Readonly<Record<string, string>> = { absent: "underpin up", "half removed": "underpin down" };

/** Reads the state of the cluster on this machine, or of the one that the flags name; changes nothing. */
export async function collectStatus(
  cli: CliContext,
  flags: ClusterFlags & { readonly namespace?: string },
): Promise<StatusReport> {
  const cluster = await clusterState(cli, flags);
  if (cluster.state !== "running") {
    const next = NEXT[cluster.state] ?? "underpin up (it resumes with the data that is there)";
    const wrong = [{ what: "Kubernetes", why: cluster.message === "" ? cluster.state : cluster.message, next }];
    return { cluster, clouds: [], nodes: [], hypervisors: [], wrong };
  }
  const kube = await connect(cli, flags);
  try {
    const { wrongAdmission, wrongOperator } = await import("./operator-report.ts");
    const [clouds, nodes, hypervisors, operator] = await Promise.all([
      listClouds(kube, flags.namespace),
      listNodes(kube),
      listHypervisors(kube, flags.namespace),
      wrongOperator(kube),
    ]);
    const told = operator.length > 0 ? operator : wrongAdmission(clouds);
    return {
      cluster,
      clouds: clouds.map(cloudReport),
      nodes,
      hypervisors,
      wrong: [...wrongNodes(nodes), ...told, ...wrongClouds(clouds)],
    };
  } finally {
    await kube.close();
  }
}

async function clusterState(cli: CliContext, flags: ClusterFlags): Promise<{ state: string; message: string }> {
  if (flags.kubeconfig !== undefined) return { state: "running", message: "" };
  const { underlayState } = await import("../underlay/index.ts");
  const { state, message } = await underlayState({ stateDir: cli.paths.state });
  const elsewhere = state === "absent" && (cli.env["KUBECONFIG"] ?? "") !== "";
  return elsewhere ? { state: "running", message: "" } : { state, message };
}

/** One Cloud as `status` tells it. Pure. */
export function cloudReport(cloud: Cloud): CloudReport {
  const [url] = Object.values(cloud.status?.endpoints ?? {});
  return {
    name: cloud.metadata.name,
    namespace: cloud.metadata.namespace,
    release: cloud.status?.release?.current ?? cloud.spec.release,
    phase:
      cloud.metadata.deletionTimestamp === undefined ? (cloud.status?.phase ?? "Waiting for the operator") : "Deleting",
    ...noteOf(cloud),
    ready: cloud.status?.ready ?? "0",
    ...(url === undefined ? {} : { url: new URL(url).origin }),
    workloads: cloud.status?.services ?? [],
  };
}

/** A Cloud that is held by its owner, or on its way out, is not broken; it is only not worked on. */
function noteOf(cloud: Cloud): { readonly note?: string } {
  const { name, namespace, deletionTimestamp } = cloud.metadata;
  const ready = cloud.status?.conditions?.find(({ type }) => type === "Ready");
  if (deletionTimestamp !== undefined) {
    const message = ready?.reason === "Deleting" ? `waiting until ${ready.message}` : "waiting for the operator";
    return { note: message };
  }
  const drifted = cloud.status?.conditions?.find(({ type, status }) => type === "Drifted" && status === "True");
  if (cloud.status?.phase !== "Paused") return drifted === undefined ? {} : { note: `drifted: ${drifted.message}` };
  const resume = `underpin kubectl -n ${namespace} patch cloud ${name} --type merge -p '{"spec":{"change":{"paused":false}}}'`;
  return { note: `nothing is changed while spec.change.paused is true; go on with: ${resume}` };
}

async function listNodes(kube: KubeClient): Promise<StatusReport["nodes"]> {
  const { items } = await kube.list<KubeObject & { readonly status?: NodeStatus }>({ apiVersion: "v1", kind: "Node" });
  return items.map(({ metadata, status }) => {
    const ready = status?.conditions?.find(({ type }) => type === "Ready");
    return {
      name: metadata.name,
      ready: ready?.status === "True",
      version: status?.nodeInfo?.kubeletVersion ?? "",
      address: status?.addresses?.find(({ type }) => type === "InternalIP")?.address ?? "",
      ...(ready === undefined ? {} : { since: ready.lastTransitionTime }),
    };
  });
}

interface NodeStatus {
  readonly conditions?: readonly {
    readonly type: string;
    readonly status: string;
    readonly lastTransitionTime: string;
  }[];
  readonly nodeInfo?: { readonly kubeletVersion: string };
  readonly addresses?: readonly { readonly type: string; readonly address: string }[];
}

async function listHypervisors(kube: KubeClient, namespace: string | undefined): Promise<StatusReport["hypervisors"]> {
  const [{ HYPERVISOR_KIND, readHypervisor }, { isReason }] = await Promise.all([
    import("../api/hypervisor.ts"),
    import("../kube/errors.ts"),
  ]);
  const query = { apiVersion: API_VERSION, kind: HYPERVISOR_KIND };
  try {
    const { items } = await kube.list(namespace === undefined ? query : { ...query, namespace });
    return items.map((item) => hypervisorReport(readHypervisor({ ...item, ...query })));
  } catch (error) {
    if (isReason(error, "UnknownKind")) return []; // the operator is not installed yet
    throw error;
  }
}

function hypervisorReport({ metadata, status }: Hypervisor): StatusReport["hypervisors"][number] {
  return {
    name: metadata.name,
    state: status?.state ?? "Unknown",
    pool: status?.pool ?? "",
    virtualization: status?.virtualization ?? "",
    ...(status?.guests === undefined ? {} : { guests: status.guests }),
  };
}

function wrongNodes(nodes: StatusReport["nodes"]): Wrong[] {
  return nodes
    .filter((node) => !node.ready)
    .map((node) => ({
      what: `node ${node.name}`,
      why: "it is not Ready",
      ...(node.since === undefined ? {} : { since: node.since }),
      next: `underpin kubectl describe node ${node.name}`,
    }));
}

/** What keeps Clouds from working: each workload that does not, else the Cloud's own condition. */
export function wrongClouds(clouds: readonly Cloud[]): Wrong[] {
  return clouds.flatMap((cloud) => {
    const { name, namespace } = cloud.metadata;
    const ready = cloud.status?.conditions?.find(({ type }) => type === "Ready");
    if (ready?.status === "True") return [];
    const stalled = cloud.status?.conditions?.some(({ type, status }) => type === "Stalled" && status === "True");
    if (cloud.metadata.deletionTimestamp !== undefined && stalled !== true) return [];
    const broken = (cloud.status?.services ?? []).filter((service) => !service.ready);
    if (broken.length === 0 || stalled === true) {
      const why = ready?.message ?? "the operator has not looked at it yet";
      const next = `underpin kubectl -n ${namespace} describe cloud ${name}`;
      return [
        {
          what: `cloud ${namespace}/${name}`,
          why,
          ...(ready === undefined ? {} : { since: ready.lastTransitionTime }),
          next,
        },
      ];
    }
    return broken.map((service) => ({
      what: service.name,
      why: service.message ?? "it is not ready",
      ...(service.since === undefined ? {} : { since: service.since }),
      next: service.next ?? `underpin logs ${service.name}`,
    }));
  });
}
