import { type Cloud, readCloud } from "../api/cloud.ts";
import { VAULT_SECRET } from "../api/names.ts";
import type { KubeClient } from "../kube/client.ts";
import { fieldAt, type KubeObject, keyOf, refOf } from "../kube/types.ts";
import { type Manifest, objectKey } from "../workloads/contract.ts";
import { CannotPlanError, look, type LookTools, type Sight } from "./look.ts";
import { Followers, type Mask, maskedData, maskedSecret, masksBy, plainObject, type TwoSides } from "./masks.ts";
import { secretReader } from "./plan-cloud.ts";
import { isCredential, planKey } from "./planning.ts";
import { Releases } from "./release-facts.ts";
import { readSnapshot, secretText, type Snapshot } from "./snapshot.ts";
import type { SnapshotFile } from "./snapshot-file.ts";
import { readState, STATE_NAME } from "./state.ts";
import type { SecretData } from "./vault.ts";

export interface CaptureOptions extends LookTools {
  readonly client: KubeClient;
  /** Reference of the operator's image. */
  readonly operator: string;
  readonly releases?: Releases;
  readonly now: Date;
}

/** Secrets that are no business of a Cloud. */
const FOREIGN_TYPES = ["kubernetes.io/service-account-token", "helm.sh/release.v1"];

/**
 * What the cluster has of a Cloud, without a secret's value. What is in effect is built twice, of the values and of what
 * stands for them, so that names and hashes that follow from secrets are those of the file's own world.
 * Throws CannotPlanError when there is no Cloud, or nothing can be built of it; KubeError.
 */
export async function captureCloud(
  where: { readonly namespace: string; readonly name: string },
  options: CaptureOptions,
): Promise<SnapshotFile> {
  const { client } = options;
  const [snapshot, given, system] = await Promise.all([
    readSnapshot(client, where),
    client.list({ apiVersion: "v1", kind: "Secret", namespace: where.namespace }),
    client.get({ apiVersion: "v1", kind: "Namespace", name: "kube-system" }),
  ]);
  if (snapshot.cloud === undefined) throw new CannotPlanError(`there is no Cloud ${where.namespace}/${where.name}`);
  const secret = secretReader(client, readCloud(snapshot.cloud), snapshot);
  const mask = masksBy(planKey(await secret(VAULT_SECRET), snapshot));
  const foreign = given.items.filter((one) => !snapshot.objects.has(`Secret/${where.namespace}/${one.metadata.name}`));
  const masked = await maskedCloud(snapshot, secret, { ...options, mask });
  return {
    made: options.now.toISOString(),
    cluster: system?.metadata.uid ?? "",
    installed: { images: { ...options.images }, operator: options.operator, clusterDomain: options.clusterDomain },
    ...masked,
    nodes: snapshot.nodes.map(plainNode),
    namespaces: [...snapshot.namespaces.keys()],
    secrets: Object.fromEntries(
      foreign
        .filter((one) => !FOREIGN_TYPES.includes(String(one["type"])))
        .map((one) => [one.metadata.name, { ...maskedData(secretText(one) ?? {}, mask) }]),
    ),
  };
}

interface Masking extends CaptureOptions {
  readonly mask: Mask;
}

async function maskedCloud(
  snapshot: Snapshot,
  secret: (name: string) => Promise<SecretData | undefined>,
  options: Masking,
): Promise<Pick<SnapshotFile, "cloud" | "objects" | "inventory" | "opaque">> {
  const { mask } = options;
  const stored = snapshot.cloud as KubeObject;
  const cloud = inEffect(readCloud(stored), snapshot);
  const context = { snapshot, releases: options.releases ?? new Releases(() => undefined) };
  const unknowns = { variant: "a", addresses: {} };
  const real = await look(cloud, options, { ...context, secret }, unknowns);
  const hidden = async (name: string): Promise<SecretData | undefined> => {
    const data = await secret(name);
    return data === undefined ? undefined : maskedData(data, mask);
  };
  const built = await look(cloud, options, { ...context, secret: hidden }, unknowns);
  const sides = twoSides(real, built);
  const followers = new Followers();
  for (const one of sides.values()) followers.learn(one);
  const opaque: string[] = [];
  const objects = belonging(snapshot).map((object) => {
    if (object.metadata.name === STATE_NAME) return plainObject(maskedState(object, { real, built }));
    if (object.kind !== "Secret") return plainObject(followers.applied(object));
    if (isCredential(object) || object.metadata.name === VAULT_SECRET) return plainObject(credential(object, mask));
    const found = maskedSecret(object, sides.get(keyOf(refOf(object))), mask);
    const plain = plainObject(found.object);
    const name = followers.text(plain.metadata.name);
    const renamed = { ...plain, metadata: { ...plain.metadata, name } };
    if (found.opaque) opaque.push(objectKey(renamed));
    return renamed;
  });
  const inventory = snapshot.inventory.map((ref) => ({ ...ref, name: followers.text(ref.name) }));
  return { cloud: { ...plainObject(stored), spec: stored["spec"] }, objects, inventory, opaque };
}

/** What the operator works towards: the objects are made of it. */
function inEffect(cloud: Cloud, { objects }: Snapshot): Cloud {
  const { effect } = readState(objects.get(`ConfigMap/${cloud.metadata.namespace}/${STATE_NAME}`));
  const { change, drift } = cloud.spec;
  return effect === undefined ? cloud : { ...cloud, spec: { ...effect.spec, change, drift } };
}

/** What a plan may change, and the operator's books that it reads. */
function belonging({ objects, inventory }: Snapshot): readonly KubeObject[] {
  const mine = new Set(inventory.map(keyOf));
  const isBook = ({ metadata }: KubeObject): boolean => [STATE_NAME, VAULT_SECRET].includes(metadata.name);
  return [...objects]
    .filter(([key, object]) => mine.has(key) || isCredential(object) || isBook(object))
    .map(([, object]) => object);
}

/** Each object that is built, of the values and of what stands for them; the builders make both in one order. */
function twoSides(real: Sight, built: Sight): ReadonlyMap<string, TwoSides> {
  const pairs = real.objects.map((one, index): readonly [string, TwoSides] | undefined => {
    const twin = built.objects[index];
    const same = twin !== undefined && twin.kind === one.kind && family(twin) === family(one);
    return same ? [objectKey(one), { real: one, masked: twin }] : undefined;
  });
  return new Map(pairs.filter((pair) => pair !== undefined));
}

/** Name of an object without the hash of its content. */
function family({ metadata }: Manifest): string {
  return `${metadata.namespace ?? ""}/${metadata.name.replace(/-[0-9a-f]{10}$/, "")}`;
}

function credential(object: KubeObject, mask: Mask): KubeObject {
  const entries = Object.entries(maskedData(secretText(object) ?? {}, mask));
  return {
    ...object,
    data: Object.fromEntries(entries.map(([key, text]) => [key, Buffer.from(text).toString("base64")])),
  };
}

/** What was done, told by the hashes of the masked side, and what it took; the rest of the operator's memory is left out. */
function maskedState(object: KubeObject, { real, built }: { readonly real: Sight; readonly built: Sight }): KubeObject {
  const { done } = readState(object);
  const before = new Map(real.desired.steps.map(({ step, hash }) => [step.id, hash]));
  const after = new Map(built.desired.steps.map(({ step, hash }) => [step.id, hash]));
  const told = Object.entries(done).map(([id, hash]) => [id, before.get(id) === hash ? after.get(id) : hash]);
  const data = (fieldAt(object, "data") ?? {}) as Readonly<Record<string, string>>;
  const kept = Object.entries(data).filter(([name]) => ["credentials", "records"].includes(name));
  return { ...object, data: { ...Object.fromEntries(kept), done: JSON.stringify(Object.fromEntries(told)) } };
}

function plainNode(node: KubeObject): KubeObject {
  const { name, labels = {} } = node.metadata;
  const addresses = fieldAt(node, "status", "addresses");
  return { apiVersion: "v1", kind: "Node", metadata: { name, labels }, status: { addresses } };
}
