import { request } from "undici";
import type { Cloud } from "../api/cloud.ts";
import { nodesNamespace } from "../api/names.ts";
import type { EvidencePorts } from "../evidence/gather.ts";
import type { KubeClient } from "../kube/client.ts";
import { enabledApis } from "../workloads/gateway/apis.ts";

const WITNESS_PORT = 9100;
/** Bytes of an answer of the witness: a hundred times what it is. */
const MOST_BYTES = 2 * 1024 * 1024;

export interface EvidenceOptions {
  readonly client: KubeClient;
  readonly clusterDomain: string;
  /** In the cluster the witness is reached by its Service, outside through the API server. */
  readonly inCluster: boolean;
}

/** What the evidence about a Cloud is gathered from. */
export function evidencePorts(cloud: Cloud, options: EvidenceOptions): EvidencePorts {
  const { client, clusterDomain, inCluster } = options;
  const { namespace } = cloud.metadata;
  const direct = `http://witness.${namespace}.svc.${clusterDomain}:${WITNESS_PORT}`;
  const proxied = `/api/v1/namespaces/${namespace}/services/witness:${WITNESS_PORT}/proxy`;
  return {
    witness: async (path, signal) => {
      if (!inCluster) return client.text({ method: "GET", path: `${proxied}${path}`, signal });
      const { statusCode, body } = await request(`${direct}${path}`, { signal });
      const text = await limited(body);
      if (statusCode !== 200) throw new Error(`the witness answered ${statusCode}: ${text.slice(0, 200).trim()}`);
      return text;
    },
    kube: client,
    namespaces: [namespace, nodesNamespace(namespace)],
    apis: enabledApis(cloud).map(({ name }) => name),
  };
}

async function limited(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw new Error("the answer of the witness is too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
