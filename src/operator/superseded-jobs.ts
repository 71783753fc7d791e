import type { KubeClient } from "../kube/client.ts";
import { readiness } from "../kube/ready.ts";
import { type KubeObject, keyOf, type ObjectRef, refOf } from "../kube/types.ts";

/** Where the Jobs of a Cloud are seen. */
interface JobView {
  list(kind: string, namespace: string): readonly KubeObject[];
}

/**
 * Ends Jobs that are no longer wanted and have not come to their end: they would go on beside those that come in their
 * place, on the same database. What has ended stays until all that is wanted is there. Throws KubeError.
 */
export async function endSupersededJobs(
  client: Pick<KubeClient, "delete">,
  view: JobView,
  wanted: { readonly refs: readonly ObjectRef[]; readonly namespaces: readonly string[] },
): Promise<readonly ObjectRef[]> {
  const keys = new Set(wanted.refs.map(keyOf));
  const jobs = wanted.namespaces.flatMap((namespace) => view.list("Job", namespace));
  const doomed = jobs.filter((job) => {
    const going = job.metadata.deletionTimestamp !== undefined;
    return !going && !keys.has(keyOf({ ...job, ...job.metadata })) && readiness(job).state !== "ready";
  });
  const refs = doomed.map(refOf);
  for (const ref of refs) await client.delete(ref, { propagation: "Background" });
  return refs;
}
