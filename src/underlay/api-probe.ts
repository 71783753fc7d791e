import { Agent, request } from "undici";
import { parse } from "yaml";
import { readIfThere } from "./files.ts";
import { until, type Patience } from "./processes.ts";

interface Kubeconfig {
  readonly clusters: readonly {
    readonly cluster: { readonly server: string; readonly "certificate-authority-data": string };
  }[];
  readonly users: readonly {
    readonly user: { readonly "client-certificate-data": string; readonly "client-key-data": string };
  }[];
}

interface NodeList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly status?: {
      readonly conditions?: readonly {
        readonly type: string;
        readonly status: string;
        readonly lastHeartbeatTime?: string;
      }[];
    };
  }[];
}

/** Whether the API server of a kubeconfig says that it is ready, in time; with `timeoutMs` 0 it is asked once. */
export async function apiReady(kubeconfig: string, patience: Patience): Promise<boolean> {
  return probing(kubeconfig, (get) =>
    until(async () => (await get("/readyz")) !== undefined, { everyMs: 50, ...patience }),
  );
}

/** A node whose word is waited for. */
export interface AwaitedNode {
  readonly name: string;
  /** When it was started, in milliseconds of the epoch: an older word is of before a stop. */
  readonly startedMs: number;
}

/**
 * Waits until all these nodes say that they are Ready, and have said so since they were started; with `timeoutMs` 0 it
 * asks once. A kubelet whose state does not change repeats its word only every five minutes (`nodeStatusReportFrequency`
 * of KubeletConfiguration), so that "since this run began" would be too much to ask of a node that ran already.
 */
export async function nodesReady(
  kubeconfig: string,
  nodes: readonly AwaitedNode[],
  patience: Patience,
): Promise<boolean> {
  const ready = (list: NodeList): boolean =>
    nodes.every(({ name, startedMs }) => {
      const since = Math.floor(startedMs / 1000) * 1000; // heartbeats have whole seconds
      const node = list.items.find((item) => item.metadata.name === name);
      const condition = node?.status?.conditions?.find((one) => one.type === "Ready");
      return condition?.status === "True" && Date.parse(condition.lastHeartbeatTime ?? "") >= since;
    });
  return probing(kubeconfig, (get) =>
    until(
      async () => {
        const text = await get("/api/v1/nodes");
        return text !== undefined && ready(JSON.parse(text) as NodeList);
      },
      { everyMs: 100, ...patience },
    ),
  );
}

/** Gets a path of the API; undefined when there was no answer or a bad one. */
type Get = (path: string) => Promise<string | undefined>;

async function probing(kubeconfig: string, ask: (get: Get) => Promise<boolean>): Promise<boolean> {
  const text = await readIfThere(kubeconfig);
  if (text === undefined) return false;
  const { clusters, users } = parse(text) as Kubeconfig;
  const cluster = clusters[0]?.cluster;
  const user = users[0]?.user;
  if (cluster === undefined || user === undefined) return false;
  const decode = (value: string): Buffer => Buffer.from(value, "base64");
  const connect = {
    ca: decode(cluster["certificate-authority-data"]),
    cert: decode(user["client-certificate-data"]),
    key: decode(user["client-key-data"]),
    timeout: 1_000,
  };
  const agent = new Agent({ connect, headersTimeout: 2_000, bodyTimeout: 2_000 });
  try {
    return await ask((path) => answer(`${cluster.server}${path}`, agent));
  } finally {
    await agent.destroy();
  }
}

async function answer(url: string, agent: Agent): Promise<string | undefined> {
  try {
    const { statusCode, body } = await request(url, { dispatcher: agent });
    const text = await body.text();
    return statusCode === 200 ? text : undefined;
  } catch {
    return undefined; // refused, reset, not yet listening: all mean "not ready"
  }
}
