import type { Cloud } from "../api/cloud.ts";
import { SYSTEM_NAMESPACE } from "../api/names.ts";
import { canonicalJson } from "../content/canonical.ts";
import { catalogueHash } from "../desired/catalogue-hash.ts";
import { CannotPlanError, planCloud } from "../desired/plan-cloud.ts";
import type { KubeClient } from "../kube/client.ts";
import { fieldAt, type KubeObject } from "../kube/types.ts";
import type { Plan } from "../plan/plan.ts";
import { loadWorkloads } from "../workloads/registry.ts";
import { CliError, EXIT } from "./errors.ts";

/** What the operator of a cluster works with. */
export interface Installed {
  readonly images: Readonly<Record<string, string>>;
  /** Reference of its image. */
  readonly operator: string;
  readonly clusterDomain: string;
}

/**
 * What the cluster's operator would do if this were the Cloud, or what one with these images would do; writes nothing.
 * Throws CliError, KubeError.
 */
export async function cloudPlan(
  kube: KubeClient,
  cloud: Cloud,
  images?: Readonly<Record<string, string>>,
): Promise<Plan> {
  const [found, workloads, catalogue] = await Promise.all([
    readInstalled(kube),
    loadWorkloads(),
    catalogueHash(cloud.spec.release),
  ]);
  const next = images?.["operator"];
  const installed = images === undefined || next === undefined ? found : { ...found, images, operator: next };
  return planned(() => planCloud(cloud, { client: kube, workloads, catalogue, ...installed }));
}

/** The result of work that plans; what cannot be planned is told in plain words. Throws CliError, and what the work throws. */
export async function planned<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof CannotPlanError)) throw cause;
    throw new CliError(`The Cloud cannot be planned: ${cause.message}`, "See what it waits for: underpin status", {
      cause,
    });
  }
}

/** Whether the cluster's operator works with these images. Throws CliError when there is none, KubeError. */
export async function worksWith(kube: KubeClient, images: Readonly<Record<string, string>>): Promise<boolean> {
  const found = await readInstalled(kube);
  return found.operator === images["operator"] && canonicalJson(found.images) === canonicalJson(images);
}

/** What the operator of a cluster works with. Throws CliError (exit code 4) when there is none; KubeError. */
export async function readInstalled(kube: KubeClient): Promise<Installed> {
  const where = { namespace: SYSTEM_NAMESPACE };
  const deployment = await kube.get({ apiVersion: "apps/v1", kind: "Deployment", ...where, name: "underpin-operator" });
  const container = fieldAt(deployment, "spec", "template", "spec", "containers", 0);
  const operator = fieldAt(container, "image");
  const name = imagesName(deployment);
  const list = name === undefined ? undefined : await kube.get({ apiVersion: "v1", kind: "ConfigMap", ...where, name });
  const images = fieldAt(list, "data", "images.json");
  if (typeof operator !== "string" || typeof images !== "string")
    throw new CliError(
      "There is no operator in this cluster that could carry out a plan",
      "Make one with: underpin up",
      {
        exitCode: EXIT.notRunning,
      },
    );
  return {
    images: JSON.parse(images) as Record<string, string>,
    operator,
    clusterDomain: argument(fieldAt(container, "args"), "--cluster-domain") ?? "cluster.local",
  };
}

/** Name of the list of images that the operator has mounted. */
function imagesName(deployment: KubeObject | undefined): string | undefined {
  const volumes = fieldAt(deployment, "spec", "template", "spec", "volumes");
  const found = Array.isArray(volumes) ? (volumes as { name: string; configMap?: { name?: string } }[]) : [];
  return found.find(({ name }) => name === "images")?.configMap?.name;
}

function argument(args: unknown, name: string): string | undefined {
  const list = Array.isArray(args) ? (args as string[]) : [];
  const index = list.indexOf(name);
  return index < 0 ? undefined : list[index + 1];
}
