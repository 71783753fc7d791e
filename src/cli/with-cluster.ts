import type { KubeClient } from "../kube/client.ts";
import type { CliContext } from "./context.ts";
import type { ClusterFlags } from "./flags.ts";

/** Work with a client of the cluster that the flags name, closed in the end. Throws CliError, KubeError. */
export async function withCluster<T>(
  cli: CliContext,
  flags: ClusterFlags,
  work: (kube: KubeClient) => Promise<T>,
): Promise<T> {
  const { connect } = await import("./cluster.ts");
  const kube = await connect(cli, flags);
  try {
    return await work(kube);
  } finally {
    await kube.close();
  }
}
