import { createHmac, randomBytes } from "node:crypto";
import { type Cloud, readCloud } from "../api/cloud.ts";
import { HYPERVISOR_KIND } from "../api/hypervisor.ts";
import { FIELD_MANAGER, LABEL, VAULT_SECRET } from "../api/names.ts";
import { canonicalJson, contentHash } from "../content/canonical.ts";
import type { KubeClient } from "../kube/client.ts";
import { type KubeObject, keyOf, type ObjectRef, refOf } from "../kube/types.ts";
import type { ObjectPair } from "../plan/changes.ts";
import type { PlannedStep } from "../plan/graph.ts";
import type { Ground } from "../plan/hash.ts";
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
import { CREDENTIAL, secretManifest } from "./secret-manifest.ts";
import { readSnapshot, secretText, type Snapshot } from "./snapshot.ts";
import { INVENTORY_NAME, readState, type Seen, settledSpec, specHash, STATE_NAME } from "./state.ts";
import { AUTHORITY } from "./vault.ts";

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
  /** Data of releases that was read before, so that it is not read for each plan. */
  readonly releases?: Releases;
  /**
   * What the cluster has of the Cloud, from who read it already. The objects must have their `managedFields`, which a
   * watch's copies do not have: the hash is made of them. Without it the API server is asked.
   */
  readonly snapshot?: Snapshot;
  /** In which the candidate's spec without `change` was first seen. Without it as the operator's state says. */
  readonly generation?: number;
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
  const snapshot = options.snapshot ?? (await readSnapshot(options.client, candidate.metadata));
  const state = readState(snapshot.objects.get(`ConfigMap/${candidate.metadata.namespace}/${STATE_NAME}`));
  const cloud = placed(candidate, snapshot.cloud, options.generation ?? state.seen);
  const secret = secretReader(options.client, cloud, snapshot);
  const context = { snapshot, secret, releases: options.releases ?? new Releases(() => undefined) };
  let sight = await look(cloud, options, { ...context, variant: "a", addresses: {} });
  const addresses = await newAddresses(options.client, sight, snapshot);
  if (Object.keys(addresses).length > 0) sight = await look(cloud, options, { ...context, variant: "a", addresses });
  const open = sight.secrets.length > 0 || Object.keys(addresses).length > 0;
  const other = open ? await look(cloud, options, { ...context, variant: "b", addresses: fixed(addresses) }) : sight;
  const wanted = [...sight.objects, ...sight.secrets];
  const [foreseen, gone] = await Promise.all([
    foresee(options.client, wanted, snapshot),
    doomed(options.client, wanted, snapshot),
  ]);
  return makePlan({
    ground: ground(cloud, options, { wanted, steps: other.desired.steps, gone, snapshot }),
    pairs: [...foreseen.flatMap(pairOf), ...gone.map((live) => ({ live }))],
    steps: sight.desired.steps,
    done: state.done,
    keyed: keyedBy(planKey(await secret(VAULT_SECRET), snapshot)),
    refused: foreseen.flatMap((one, index) => refusal(one, wanted[index])),
    provisional: open ? provisionalKeys(sight, other) : [],
    notes: notesOn(cloud, snapshot),
  });
}

/**
 * The candidate as it would be stored. Its generation is that in which its spec without `change` was first seen, or a new
 * one when the stored spec is another.
 */
function placed(candidate: Cloud, live: KubeObject | undefined, known: number | Seen | undefined): Cloud {
  const { uid, generation = 0 } = live?.metadata ?? {};
  const wanted = specHash(candidate.spec);
  const stored = live !== undefined && specHash(readCloud(live).spec) === wanted;
  const seen = typeof known === "object" && known.spec === wanted ? known.generation : generation;
  const planned = typeof known === "number" ? known : stored ? seen : generation + 1;
  const metadata = { ...candidate.metadata, ...(uid === undefined ? {} : { uid }), generation: planned };
  return { ...candidate, metadata };
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
  readonly releases: Releases;
  readonly variant: string;
  /** Of Services that do not exist yet. */
  readonly addresses: Readonly<Record<string, string>>;
}

async function look(cloud: Cloud, options: PlanOptions, context: LookContext): Promise<Sight> {
  const { snapshot, variant, addresses, releases } = context;
  const { namespace } = cloud.metadata;
  const secrets = new RememberingSecrets(context.secret);
  const services = [...snapshot.objects.values()].filter(
    ({ kind, metadata }) => kind === "Service" && metadata.namespace === namespace,
  );
  const state = readState(snapshot.objects.get(`ConfigMap/${namespace}/${STATE_NAME}`));
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

/** Other addresses, and the same ones each time: the API server names another at each question. */
function fixed(addresses: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const names = Object.keys(addresses).toSorted();
  return Object.fromEntries(names.map((name, index) => [name, `192.0.2.${index + 1}`]));
}

/** Objects that come out otherwise when what does not exist yet has other values. */
function provisionalKeys(sight: Sight, other: Sight): readonly string[] {
  const found = new Map(other.objects.map((object) => [objectKey(object), canonicalJson(object)]));
  const moved = sight.objects.filter((object) => found.get(objectKey(object)) !== canonicalJson(object));
  return [...moved, ...sight.secrets].map(objectKey).toSorted();
}

/** What belongs to the Cloud and would not any more. */
async function doomed(
  client: KubeClient,
  wanted: readonly Manifest[],
  { inventory, objects }: Snapshot,
): Promise<readonly KubeObject[]> {
  const keys = new Set(wanted.map(objectKey));
  const gone = inventory.filter((ref) => !keys.has(keyOf(ref)));
  const find = async (ref: ObjectRef) => objects.get(keyOf(ref)) ?? (await client.get(ref));
  const found = await Promise.all(gone.map(find));
  return found.flatMap((live) => (live === undefined || isGoing(live) ? [] : [live]));
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

interface GroundParts {
  readonly wanted: readonly Manifest[];
  /** With values that are the same each time where what is to come is not known. */
  readonly steps: readonly PlannedStep[];
  readonly gone: readonly Manifest[];
  readonly snapshot: Snapshot;
}

function ground(cloud: Cloud, options: PlanOptions, { wanted, steps, gone, snapshot }: GroundParts): Ground {
  const { namespace, name, generation } = cloud.metadata;
  const kept = new Set(wanted.map(objectKey));
  const mine = new Set([...snapshot.inventory.map(keyOf), ...kept]);
  const counts = (key: string, object: KubeObject): boolean =>
    !BOOKS.includes(object.metadata.name) && (kept.has(key) || !isGoing(object));
  // Not what the operator writes down for itself and for people: none of it is an object that a plan changes.
  const known = [...snapshot.objects].filter(
    ([key, object]) => (mine.has(key) || isCredential(object)) && counts(key, object),
  );
  const all = new Map([...gone.map((object) => [objectKey(object), object] as const), ...known]);
  return {
    cloud: { namespace, name, generation: generation ?? 0, spec: settledSpec(cloud.spec) },
    operator: options.operator,
    images: options.images,
    catalogue: options.catalogue,
    hypervisors: wanted.filter(({ kind }) => kind === HYPERVISOR_KIND).map(objectKey),
    steps: Object.fromEntries(steps.map(({ step, hash }) => [step.id, hash])),
    live: [...all.values()],
    manager: FIELD_MANAGER,
  };
}

const BOOKS = [STATE_NAME, INVENTORY_NAME, VAULT_SECRET];

/** Credentials and certificates are in no inventory, since they outlive a Cloud. */
function isCredential({ kind, metadata }: KubeObject): boolean {
  return kind === "Secret" && metadata.labels?.[LABEL.component] === CREDENTIAL;
}

/**
 * A key that who may read the vault can make again, and nobody else. The authority's key is in it as long as the Cloud lives,
 * so that a Secret has the same keyed hash in all of a Cloud's plans.
 */
function planKey(vault: Readonly<Record<string, string>> | undefined, { objects }: Snapshot): string {
  const secrets = [...objects.values()]
    .filter((object) => isCredential(object))
    .map((object) => [keyOf(refOf(object)), secretText(object)]);
  const known = vault?.[`${AUTHORITY}.tls.key`] ?? vault ?? (secrets.length > 0 ? secrets : undefined);
  if (known === undefined) return randomBytes(32).toString("hex");
  return createHmac("sha256", "underpin plan").update(contentHash(known)).digest("hex");
}
