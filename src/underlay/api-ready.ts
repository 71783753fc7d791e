import { Agent, request } from "undici";
import { parse } from "yaml";
import { readIfThere } from "./files.ts";
import { until } from "./processes.ts";

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: { readonly server: string; readonly "certificate-authority-data": string } }[];
  readonly users: readonly { readonly user: { readonly "client-certificate-data": string; readonly "client-key-data": string } }[];
}

/** Whether the API server of a kubeconfig says that it is ready, within `timeoutMs`; 0 asks once. */
export async function apiReady(kubeconfig: string, timeoutMs: number): Promise<boolean> {
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
    return await until(() => answers(`${cluster.server}/readyz`, agent), timeoutMs, 50);
  } finally {
    await agent.destroy();
  }
}

async function answers(url: string, agent: Agent): Promise<boolean> {
  try {
    const { statusCode, body } = await request(url, { dispatcher: agent });
    await body.dump();
    return statusCode === 200;
  } catch {
    return false; // refused, reset, not yet listening: all mean "not ready"
  }
}
