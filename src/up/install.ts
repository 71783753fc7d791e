import type { Cloud } from "../api/cloud.ts";
import { customResourceDefinitions } from "../api/crd.ts";
import type { Manifest } from "../api/manifest.ts";
import { CLI_FIELD_MANAGER, GROUP, LABEL, MANAGED_BY, SYSTEM_NAMESPACE, WEBHOOK_CONFIGURATION } from "../api/names.ts";
import { Applier } from "../kube/apply.ts";
import type { KubeClient } from "../kube/client.ts";
import { readiness } from "../kube/ready.ts";
import { type Desired, fieldAt, type KubeObject, type ObjectRef, refOf } from "../kube/types.ts";
import { cloudLabelValue } from "../desired/facts.ts";
import { cloudNamespaceManifests, operatorManifests } from "../operator/install.ts";
import { everyRule } from "../operator/rbac-rules.ts";
import { admitted, newOperatorReady } from "./admitted.ts";
import { watchUntil } from "./watch-until.ts";

/** By which the API server asks the operator; the operator writes it when it answers for the first time. */
const WEBHOOK: ObjectRef = {
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingWebhookConfiguration",
  name: WEBHOOK_CONFIGURATION,
};

export interface InstallOptions {
  readonly client: KubeClient;
  readonly cloud: Cloud;
  /** The Cloud as the user wrote it. */
  readonly written: Readonly<Record<string, unknown>>;
  /** References of all images by name. */
  readonly images: Readonly<Record<string, string>>;
  /** Nodes that the Cloud may use. */
  readonly nodes: readonly string[];
}

/**
 * Writes the operator's install, the Cloud's namespaces and the Cloud; answers what changed. Nothing is written where
 * nothing would change.
 */
export async function install(options: InstallOptions): Promise<readonly string[]> {
  const { client, cloud, images } = options;
  const applier = new Applier(client, { fieldManager: CLI_FIELD_MANAGER, shapeAnnotation: `${GROUP}/shape` });
  const changed: string[] = [];
  const ensure = async (manifest: Desired): Promise<void> => {
    const { result } = await applier.apply(manifest, await client.get(refOf(manifest)));
    if (result !== "unchanged") changed.push(`${manifest.kind} ${manifest.metadata.name} ${result}`);
  };
  const crds = customResourceDefinitions();
  await Promise.all(crds.map(ensure));
  await Promise.all(crds.map((crd) => established(client, crd)));
  const operatorImage = images["operator"];
  if (operatorImage === undefined) throw new Error("no image is named operator");
  const rest = operatorManifests({ operatorImage, images, crds: [], cloudRules: await everyRule() });
  const stages: (readonly Manifest[])[] = [
    [...rest, ...cloudNamespaceManifests(cloud.metadata)].filter(
      ({ kind }) => kind === "Namespace" || kind.startsWith("ClusterRole"),
    ),
    [...rest, ...cloudNamespaceManifests(cloud.metadata)].filter(
      ({ kind }) => kind !== "Namespace" && !kind.startsWith("ClusterRole"),
    ),
  ];
  for (const stage of stages) await Promise.all(stage.map(ensure));
  const rolls = changed.some((what) => what.startsWith("Deployment "));
  if (rolls && (await client.get(WEBHOOK)) !== undefined) await newOperatorReady(client);
  await removeOldLists(client, rest, changed);
  await labelNodes(options, changed);
  await admitted(() => ensure(options.written as unknown as Desired));
  return changed;
}

/** Lists of images of earlier operators: named by content, so each change left one behind. */
async function removeOldLists(client: KubeClient, wanted: readonly Manifest[], changed: string[]): Promise<void> {
  const names = new Set(wanted.map(({ metadata }) => metadata.name));
  const query = { apiVersion: "v1", kind: "ConfigMap", namespace: SYSTEM_NAMESPACE };
  const labelSelector = `${LABEL.managedBy}=${MANAGED_BY}`;
  const { items } = await client.list({ ...query, labelSelector });
  for (const { metadata } of items.filter((item) => !names.has(item.metadata.name))) {
    await client.delete({ ...query, name: metadata.name });
    changed.push(`ConfigMap ${metadata.name} removed`);
  }
}

async function established(client: KubeClient, crd: Manifest): Promise<void> {
  const { kind, apiVersion, metadata } = crd;
  await watchUntil(
    client,
    { apiVersion, kind, name: metadata.name },
    {
      done: (object) => object !== undefined && readiness(object).state === "ready",
      timeoutMs: 30_000,
      what: `${metadata.name} to be served`,
    },
  );
}

/** A node belongs to one Cloud, by a label. */
async function labelNodes({ client, cloud, nodes }: InstallOptions, changed: string[]): Promise<void> {
  const value = cloudLabelValue(cloud.metadata);
  for (const name of nodes) {
    const ref = { apiVersion: "v1", kind: "Node", name };
    const node = await client.get(ref);
    if (node?.metadata.labels?.[LABEL.cloud] === value) continue;
    await client.patch(
      ref,
      { type: "merge", value: { metadata: { labels: { [LABEL.cloud]: value } } } },
      { fieldManager: CLI_FIELD_MANAGER },
    );
    changed.push(`Node ${name} belongs to ${value}`);
  }
}

/** The value of a condition's status, for example `True`. */
export function conditionStatus(object: KubeObject | undefined, type: string): string | undefined {
  const conditions = fieldAt(object, "status", "conditions");
  if (!Array.isArray(conditions)) return undefined;
  return (conditions as { type: string; status: string }[]).find((condition) => condition.type === type)?.status;
}
