import { createHmac, randomBytes } from "node:crypto";
import { type Cloud, readCloud } from "../api/cloud.ts";
import { FIELD_MANAGER, VAULT_SECRET } from "../api/names.ts";
import { canonicalJson, contentHash } from "../content/canonical.ts";
import type { KubeClient } from "../kube/client.ts";
import { type KubeObject, keyOf, type ObjectRef } from "../kube/types.ts";
import type { ObjectPair } from "../plan/changes.ts";
import { makePlan, type Plan, type Refusal } from "../plan/plan.ts";
import { keyedBy } from "../plan/secrets.ts";
import { type BuildInput, type Manifest, objectKey, type Workload } from "../workloads/contract.ts";
import { clusterIPs } from "./facts.ts";
import { type Foreseen, foresee } from "./foresee.ts";
import { hypervisorManifests } from "./hypervisors.ts";
import { gatherInput } from "./input.ts";
import { buildDesired, type Desired } from "./objects.ts";
import { placeholders, RememberingSecrets } from "./placeholders.ts";
import { Releases } from "./release-facts.ts";
import { secretManifest } from "./secret-manifest.ts";
import { readSnapshot, secretText, type Snapshot } from "./snapshot.ts";
import { INVENTORY_NAME, readState, STATE_NAME } from "./state.ts";

export interface PlanOptions {
  readonly client: KubeClient;
  readonly workloads: readonly Workload[];
  /** Reference of each image by name, as the operator has them. */
  readonly images: Readonly<Record<string, string>>;
  readonly clusterDomain: string;
  /** What carries it out: the reference of the operator's image. */
  readonly operator: string;
  /** Hash of the release's options. */
  readonly catalogue: string;
}

/** Nothing can be planned: what stops the operator, too. */
export class CannotPlanError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "CannotPlanError";
  }
}

/** What the Cloud would come to, once, with placeholders of one variant for what does not exist yet. */
interface Sight {
  readonly input: BuildInput;
  readonly desired: Desired;
  readonly objects: readonly Manifest[];
  readonly secrets: readonly Manifest[];
}

/**
 * What would happen if `candidate` were the Cloud. Reads the cluster and asks by dry runs; writes nothing.
 * Throws CannotPlanError, KubeError.
 */
export async function planCloud(candidate: Cloud, options: PlanOptions): Promise<Plan> {
  const snapshot = await readSnapshot(options.client, candidate.metadata);
  const cloud = placed(candidate, snapshot.cloud);
  const secret = secretReader(options.client, cloud, snapshot);
  let sight = await look(cloud, options, { snapshot, secret, variant: "a", addresses: {} });
  const addresses = await newAddresses(options.client, sight, snapshot);
  if (Object.keys(addresses).length > 0)
    sight = await look(cloud, options, { snapshot, secret, variant: "a", addresses });
  const provisional = await provisionalKeys(sight, addresses, (variant, other) =>
    look(cloud, options, { snapshot, secret, variant, addresses: other }),
  );
  const wanted = [...sight.objects, ...sight.secrets];
  const foreseen = await foresee(options.client, wanted, snapshot);
  const key = await secret(VAULT_SECRET);
  const state = readState(snapshot.objects.get(`ConfigMap/${cloud.metadata.namespace}/${STATE_NAME}`));
  return makePlan({
    ground: ground(cloud, options, snapshot),
    pairs: [...foreseen.flatMap(pairOf), ...(await doomed(options.client, wanted, snapshot))],
    steps: sight.desired.steps,
    done: state.done,
    keyed: keyedBy(key === undefined ? randomBytes(32).toString("hex") : keyFrom(key)),
    refused: foreseen.flatMap((one, index) => refusal(one, wanted[index])),
    provisional,
    notes: notesOn(cloud, snapshot),
  });
}

/** The candidate as it would be stored: it keeps what the API server gives, and a changed spec is a new generation. */
function placed(candidate: Cloud, live: KubeObject | undefined): Cloud {
  const { uid, generation = 0 } = live?.metadata ?? {};
  const same = live !== undefined && canonicalJson(readCloud(live).spec) === canonicalJson(candidate.spec);
  const metadata = { ...candidate.metadata, ...(uid === undefined ? {} : { uid }) };
  return { ...candidate, metadata: { ...metadata, generation: same ? generation : generation + 1 } };
}

function notesOn(cloud: Cloud, snapshot: Snapshot): readonly string[] {
  const { namespace } = cloud.metadata;
  return [
    ...(cloud.spec.change.paused ? ["spec.change.paused is true: nothing of this is done until it is false."] : []),
    ...(snapshot.namespaces.has(namespace)
      ? []
      : [`The namespace ${namespace} does not exist: the API server was not asked, and its defaults are not seen.`]),
  ];
}

interface LookContext {
  readonly snapshot: Snapshot;
  readonly secret: (name: string) => Promise<Readonly<Record<string, string>> | undefined>;
  readonly variant: string;
  /** Of Services that do not exist yet. */
  readonly addresses: Readonly<Record<string, string>>;
}

async function look(cloud: Cloud, options: PlanOptions, context: LookContext): Promise<Sight> {
  const { snapshot, variant, addresses } = context;
  const { namespace } = cloud.metadata;
  const secrets = new RememberingSecrets(context.secret);
  const services = [...snapshot.objects.values()].filter(
    ({ kind, metadata }) => kind === "Service" && metadata.namespace === namespace,
  );
  const state = readState(snapshot.objects.get(`ConfigMap/${namespace}/${STATE_NAME}`));
  const releases = new Releases(() => undefined);
  const { workloads, images, clusterDomain } = options;
  const gathered = await gatherInput(
    cloud,
    state,
    { secrets, makers: placeholders(variant), services: () => services },
    { workloads, images, clusterDomain, nodes: snapshot.nodes, releases },
  );
  if (gathered.type === "stalled") throw new CannotPlanError(gathered.message);
  const { facts } = gathered.input;
  const input = { ...gathered.input, facts: { ...facts, clusterIPs: { ...addresses, ...facts.clusterIPs } } };
  const desired = buildDesired(workloads, input);
  // The vault is the operator's own book, and follows from the others.
  const written = [...secrets.written].filter(([name]) => name !== VAULT_SECRET);
  return {
    input,
    desired,
    objects: [...desired.objects, ...hypervisorManifests(input)],
    secrets: written.map(([name, secret]) => secretManifest(cloud.metadata, name, secret)),
  };
}

/** Reads a Secret, those of the user without our label included, each once. */
function secretReader(client: KubeClient, cloud: Cloud, snapshot: Snapshot): LookContext["secret"] {
  const { namespace } = cloud.metadata;
  const asked = new Map<string, Promise<KubeObject | undefined>>();
  return async (name) => {
    const ref = { apiVersion: "v1", kind: "Secret", namespace, name };
    const known = snapshot.objects.get(keyOf(ref));
    if (known !== undefined) return secretText(known);
    const answer = asked.get(name) ?? client.get(ref);
    asked.set(name, answer);
    return secretText(await answer);
  };
}

/** Addresses that the API server would give to new Services now. It may give others when they are made. */
async function newAddresses(
  client: KubeClient,
  { objects }: Sight,
  snapshot: Snapshot,
): Promise<Readonly<Record<string, string>>> {
  const services = objects.filter(({ kind }) => kind === "Service");
  const added = services.filter((one) => !snapshot.objects.has(objectKey(one)));
  const foreseen = await foresee(client, added, snapshot);
  return clusterIPs(foreseen.flatMap((one) => (one.type === "kept" ? [one.after] : [])));
}

/** Objects that come out otherwise when what does not exist yet has other values. */
async function provisionalKeys(
  sight: Sight,
  addresses: Readonly<Record<string, string>>,
  again: (variant: string, addresses: Readonly<Record<string, string>>) => Promise<Sight>,
): Promise<readonly string[]> {
  if (sight.secrets.length === 0 && Object.keys(addresses).length === 0) return [];
  const others = Object.entries(addresses).map(([name], index) => [name, `192.0.2.${index + 1}`]);
  const other = await again("b", Object.fromEntries(others) as Record<string, string>);
  const found = new Map(other.objects.map((object) => [objectKey(object), canonicalJson(object)]));
  const moved = sight.objects.filter((object) => found.get(objectKey(object)) !== canonicalJson(object));
  return [...moved, ...sight.secrets].map(objectKey).toSorted();
}

/** What belongs to the Cloud and would not any more. */
async function doomed(
  client: KubeClient,
  wanted: readonly Manifest[],
  { inventory, objects }: Snapshot,
): Promise<readonly ObjectPair[]> {
  const keys = new Set(wanted.map(objectKey));
  const gone = inventory.filter((ref) => !keys.has(keyOf(ref)));
  const find = async (ref: ObjectRef) => objects.get(keyOf(ref)) ?? (await client.get(ref));
  const found = await Promise.all(gone.map(find));
  return found.flatMap((live) => (live === undefined || isGoing(live) ? [] : [{ live }]));
}

function isGoing({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp !== undefined;
}

function pairOf(one: Foreseen): ObjectPair[] {
  const live = one.live === undefined ? {} : { live: one.live };
  if (one.type === "kept") return [{ ...live, after: one.after }];
  return one.live === undefined ? [] : [{ ...live, after: one.live }];
}

function refusal(one: Foreseen, manifest: Manifest | undefined): Refusal[] {
  if (one.type === "kept" || manifest === undefined) return [];
  return [{ key: objectKey(manifest), message: one.message }];
}

function ground(cloud: Cloud, options: PlanOptions, snapshot: Snapshot) {
  const { namespace, name, generation } = cloud.metadata;
  const mine = (object: KubeObject): boolean =>
    ![STATE_NAME, INVENTORY_NAME, VAULT_SECRET].includes(object.metadata.name);
  return {
    cloud: { namespace, name, generation: generation ?? 0, spec: cloud.spec },
    operator: options.operator,
    images: options.images,
    catalogue: options.catalogue,
    live: [...snapshot.objects.values()].filter(mine),
    manager: FIELD_MANAGER,
  };
}

/** A key that who may read the vault can make again, and nobody else. */
function keyFrom(vault: Readonly<Record<string, string>>): string {
  return createHmac("sha256", "underpin plan").update(contentHash(vault)).digest("hex");
}
