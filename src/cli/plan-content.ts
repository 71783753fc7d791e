import type { Plan } from "../api/plan.ts";
import type { KubeClient } from "../kube/client.ts";
import { chunkOf, ContentError, type PlanContent, unpackContent } from "../plan/content.ts";
import { CliError } from "./errors.ts";

/** The whole of a Plan, from the ConfigMaps that it names. Throws CliError when it cannot be read, KubeError. */
export async function readContent(kube: KubeClient, plan: Plan): Promise<PlanContent> {
  const { name, namespace } = plan.metadata;
  const { hash = "", chunks = [] } = plan.status?.content ?? {};
  const get = (chunk: string) => kube.get({ apiVersion: "v1", kind: "ConfigMap", namespace, name: chunk });
  const parts = await Promise.all(chunks.map(get));
  try {
    return unpackContent(parts.map(chunkOf), hash);
  } catch (cause) {
    if (!(cause instanceof ContentError)) throw cause;
    const next = `See what is left of it: underpin kubectl -n ${namespace} get plan ${name} -o yaml`;
    throw new CliError(`Plan ${name}: ${cause.message}`, next);
  }
}
