import { KubeError } from "../kube/errors.ts";
import { fetchReport } from "../witness/render.ts";
import type { WitnessReport } from "../witness/report.ts";
import { connect, theCloud } from "./cluster.ts";
import type { CliContext } from "./context.ts";
import { CliError } from "./errors.ts";

/** What the witness of the Cloud saw in the last hour, read through the Kubernetes API. Throws CliError when it does not answer. */
export async function readWitness(cli: CliContext, namespace: string | undefined): Promise<WitnessReport> {
  const kube = await connect(cli);
  try {
    const cloud = await theCloud(kube, namespace);
    return await fetchReport((path) => kube.raw({ method: "GET", path }), { namespace: cloud.metadata.namespace });
  } catch (cause) {
    if (!(cause instanceof KubeError) || (cause.status !== 404 && cause.status !== 503)) throw cause;
    throw new CliError(
      "The witness does not answer",
      "See whether it runs: underpin status. It may still be starting.",
      {
        cause,
      },
    );
  } finally {
    await kube.close();
  }
}
