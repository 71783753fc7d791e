// A Cloud's objects in a cluster without controllers, written as the operator writes them, in one go.
import assert from "node:assert/strict";
import type { Cloud } from "../../src/api/cloud.ts";
import { customResourceDefinitions } from "../../src/api/crd.ts";
import { FIELD_MANAGER, GROUP } from "../../src/api/names.ts";
import { hypervisorManifests } from "../../src/desired/hypervisors.ts";
import { gatherInput } from "../../src/desired/input.ts";
import { buildDesired } from "../../src/desired/objects.ts";
import { Releases } from "../../src/desired/release-facts.ts";
import { secretManifest } from "../../src/desired/secret-manifest.ts";
import { readSnapshot, secretText } from "../../src/desired/snapshot.ts";
import { INVENTORY_NAME, readState, STATE_NAME } from "../../src/desired/state.ts";
import { Applier } from "../../src/kube/apply.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { Inventory } from "../../src/kube/inventory.ts";
import { fieldAt, keyOf, type ObjectRef, refOf } from "../../src/kube/types.ts";
import { MAKERS } from "../../src/operator/makers.ts";
import { writeState } from "../../src/operator/state.ts";
import type { Workload } from "../../src/workloads/contract.ts";

export interface CloudBuilders {
  readonly workloads: readonly Workload[];
  readonly images: Readonly<Record<string, string>>;
  readonly clusterDomain: string;
}

/**
 * Makes the cluster what the Cloud says: credentials, then all objects, then what is too much. Twice, since the first
 * pass gives Services their addresses. Pods are never started.
 */
export async function carryOutCloud(client: KubeClient, cloud: Cloud, builders: CloudBuilders): Promise<void> {
  const applier = new Applier(client, { fieldManager: FIELD_MANAGER, shapeAnnotation: `${GROUP}/shape` });
  const { namespace } = cloud.metadata;
  const inventory = new Inventory(client, { namespace, name: INVENTORY_NAME, fieldManager: FIELD_MANAGER });
  const secrets = {
    read: async (name: string) => secretText(await client.get({ apiVersion: "v1", kind: "Secret", namespace, name })),
    write: async (name: string, data: Readonly<Record<string, string>>, type: string) => {
      const secret = secretManifest(cloud.metadata, name, { data, type });
      await client.apply(secret, { fieldManager: FIELD_MANAGER, force: true });
    },
  };
  for (let passes = 0; passes < 2; passes += 1) {
    const snapshot = await readSnapshot(client, cloud.metadata);
    const state = readState(snapshot.objects.get(`ConfigMap/${namespace}/${STATE_NAME}`));
    const services = [...snapshot.objects.values()].filter(({ kind }) => kind === "Service");
    const gathered = await gatherInput(
      cloud,
      state,
      { secrets, makers: MAKERS, services: () => services },
      { ...builders, nodes: snapshot.nodes, releases: new Releases(() => undefined) },
    );
    if (gathered.type === "stalled") return assert.fail(gathered.message);
    const desired = buildDesired(builders.workloads, gathered.input);
    const objects = [...desired.objects, ...hypervisorManifests(gathered.input)];
    await inventory.add(objects.map(refOf));
    await Promise.all(objects.map((one) => applier.apply(one, snapshot.objects.get(keyOf(refOf(one))))));
    await pruned(client, inventory, objects.map(refOf));
    const done = Object.fromEntries(desired.steps.map(({ step, hash }) => [step.id, hash]));
    await writeState(client, cloud.metadata, { ...state, done, credentials: gathered.credentials });
    await addressed(client, namespace);
  }
}

/** An API server in memory gives Services no addresses. */
async function addressed(client: KubeClient, namespace: string): Promise<void> {
  const { items } = await client.list({ apiVersion: "v1", kind: "Service", namespace });
  const bare = items.filter((service) => fieldAt(service, "spec", "clusterIP") === undefined);
  for (const [index, { metadata }] of bare.entries()) {
    const ref = { apiVersion: "v1", kind: "Service", namespace, name: metadata.name };
    const value = { spec: { clusterIP: `10.96.1.${index + 1}` } };
    await client.patch(ref, { type: "merge", value }, { fieldManager: "kube-apiserver" });
  }
}

/** Nobody runs the controllers that let go of what is deleted in the foreground. */
async function pruned(client: KubeClient, inventory: Inventory, refs: readonly ObjectRef[]): Promise<void> {
  for (let turns = 0; turns < 10; turns += 1) {
    const { remaining } = await inventory.prune(refs);
    if (remaining.length === 0) return;
    for (const ref of remaining) {
      const live = await client.get(ref);
      if (live?.metadata.deletionTimestamp === undefined) continue;
      await client.patch(ref, { type: "merge", value: { metadata: { finalizers: null } } });
    }
  }
  assert.fail("what is deleted does not go");
}

/** Kinds, namespaces and nodes of a Cloud. */
export async function prepareCluster(client: KubeClient, cloud: object, nodes: readonly string[]): Promise<void> {
  const made = { fieldManager: "test" };
  const { metadata } = cloud as { metadata: { namespace: string; name: string } };
  const { namespace, name } = metadata;
  for (const crd of customResourceDefinitions()) await client.apply(crd, { ...made, force: true });
  for (const place of ["kube-system", namespace, `${namespace}-nodes`])
    await client.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: place } }, { ...made, force: true });
  for (const [index, node] of nodes.entries()) {
    const labels = { "underpin.dev/cloud": `${namespace}.${name}` };
    await client.apply({ apiVersion: "v1", kind: "Node", metadata: { name: node, labels } }, made);
    const status = { addresses: [{ type: "InternalIP", address: `10.90.0.${11 + index}` }] };
    const ref = { apiVersion: "v1", kind: "Node", name: node };
    await client.patch(ref, { type: "merge", value: { status } }, { subresource: "status" });
  }
}
