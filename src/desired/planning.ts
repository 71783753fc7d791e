import { createHmac, randomBytes } from "node:crypto";
import { type Cloud, readCloud } from "../api/cloud.ts";
import { HYPERVISOR_KIND } from "../api/hypervisor.ts";
import { FIELD_MANAGER, LABEL, VAULT_SECRET } from "../api/names.ts";
import { canonicalJson, contentHash } from "../content/canonical.ts";
import { type KubeObject, keyOf, type ObjectRef, refOf } from "../kube/types.ts";
import { type Claims, loadClaims } from "../options/owned.ts";
import type { ObjectPair } from "../plan/changes.ts";
import type { PlannedStep } from "../plan/graph.ts";
import type { Ground } from "../plan/hash.ts";
import { makePlan, type Plan, type Refusal } from "../plan/plan.ts";
import { keyedBy } from "../plan/secrets.ts";
import { type Manifest, objectKey, type Workload } from "../workloads/contract.ts";
import { clusterIPs } from "./facts.ts";
import type { Foreseen } from "./foresee.ts";
import { type LineSide, withOrigins } from "./line-origins.ts";
import { look, type LookContext, type Sight } from "./look.ts";
import { Releases } from "./release-facts.ts";
import { CREDENTIAL } from "./secret-manifest.ts";
import { secretText, type Snapshot } from "./snapshot.ts";
import { type CloudState, INVENTORY_NAME, readState, type Seen, settledSpec, specHash, STATE_NAME } from "./state.ts";
import { AUTHORITY, type SecretData } from "./vault.ts";

/** What a plan is made with, wherever what it is made of comes from. */
export interface PlanTools {
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
  /** What Underpin says of the services' options, if it was read before. */
  readonly claims?: Claims;
  /** In which the candidate's spec without `change` was first seen. Without it as the operator's state says. */
  readonly generation?: number;
}

/** Where a plan's knowledge of the cluster comes from: the cluster, or a snapshot of it. */
export interface PlanPorts {
  readonly snapshot: Snapshot;
  /** A Secret of the Cloud's namespace, those of the user without our label included. */
  secret(name: string): Promise<SecretData | undefined>;
  /** What would be kept of each object. */
  foresee(manifests: readonly Manifest[]): Promise<readonly Foreseen[]>;
  /** An object of the inventory that is not in the snapshot. */
  find(ref: ObjectRef): Promise<KubeObject | undefined>;
}

interface LoadedTools extends PlanTools {
  readonly releases: Releases;
}

/** What would happen if `candidate` were the Cloud. Throws CannotPlanError, and what the ports throw. */
export async function planWith(candidate: Cloud, options: PlanTools, ports: PlanPorts): Promise<Plan> {
  const { snapshot } = ports;
  const tools = { ...options, releases: options.releases ?? new Releases(() => undefined) };
  const state = readState(snapshot.objects.get(`ConfigMap/${candidate.metadata.namespace}/${STATE_NAME}`));
  const cloud = placed(candidate, snapshot.cloud, tools.generation ?? state.seen);
  const { sight, other, provisional } = await seen(cloud, tools, ports);
  const wanted = [...sight.objects, ...sight.secrets];
  const [foreseen, gone, vault] = await Promise.all([
    ports.foresee(wanted),
    doomed(wanted, ports),
    ports.secret(VAULT_SECRET),
  ]);
  const plan = makePlan({
    ground: ground(cloud, tools, { wanted, steps: other.desired.steps, gone, snapshot }),
    pairs: [...foreseen.flatMap(pairOf), ...gone.map((live) => ({ live }))],
    steps: sight.desired.steps,
    done: state.done,
    keyed: keyedBy(planKey(vault, snapshot)),
    refused: foreseen.flatMap((one, index) => refusal(one, wanted[index])),
    provisional,
    notes: notesOn(cloud, snapshot),
  });
  return traced(plan, tools, { snapshot, state, after: { cloud, objects: sight.objects } });
}

interface Tracing {
  readonly snapshot: Snapshot;
  readonly state: CloudState;
  readonly after: LineSide;
}

/** The plan with where its lines of configuration come from. */
async function traced(plan: Plan, tools: LoadedTools, { snapshot, state, after }: Tracing): Promise<Plan> {
  if (plan.configuration.length === 0) return plan;
  const [release, claims] = await Promise.all([tools.releases.facts(after.cloud), tools.claims ?? loadClaims()]);
  const stored = snapshot.cloud === undefined ? undefined : readCloud(snapshot.cloud);
  const cloud = stored === undefined ? undefined : { ...stored, spec: { ...stored.spec, ...state.effect?.spec } };
  const before = cloud === undefined ? undefined : { cloud, objects: [...snapshot.objects.values()] };
  const { workloads } = tools;
  return { ...plan, configuration: withOrigins(plan.configuration, { before, after }, { workloads, release, claims }) };
}

/** What the Cloud would come to, once as it will be as far as is known, once with values that are the same each time. */
async function seen(cloud: Cloud, tools: LoadedTools, ports: PlanPorts) {
  const { snapshot } = ports;
  const secret = (name: string): Promise<SecretData | undefined> => ports.secret(name);
  const context: LookContext = { snapshot, secret, releases: tools.releases };
  let sight = await look(cloud, tools, context, { variant: "a", addresses: {} });
  const addresses = await newAddresses(sight, ports);
  if (Object.keys(addresses).length > 0) sight = await look(cloud, tools, context, { variant: "a", addresses });
  if (sight.secrets.length === 0 && Object.keys(addresses).length === 0)
    return { sight, other: sight, provisional: [] };
  const other = await look(cloud, tools, context, { variant: "b", addresses: fixed(addresses) });
  return { sight, other, provisional: provisionalKeys(sight, other) };
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

/** Addresses that the API server would give to new Services now. It may give others when they are made. */
async function newAddresses({ objects }: Sight, ports: PlanPorts): Promise<Readonly<Record<string, string>>> {
  const services = objects.filter(({ kind }) => kind === "Service");
  const added = services.filter((one) => !ports.snapshot.objects.has(objectKey(one)));
  const foreseen = added.length === 0 ? [] : await ports.foresee(added);
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
async function doomed(wanted: readonly Manifest[], ports: PlanPorts): Promise<readonly KubeObject[]> {
  const { inventory, objects } = ports.snapshot;
  const keys = new Set(wanted.map(objectKey));
  const gone = inventory.filter((ref) => !keys.has(keyOf(ref)));
  const found = await Promise.all(gone.map(async (ref) => objects.get(keyOf(ref)) ?? (await ports.find(ref))));
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

function ground(cloud: Cloud, tools: PlanTools, { wanted, steps, gone, snapshot }: GroundParts): Ground {
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
    home: snapshot.namespaces.get(namespace) ?? "",
    operator: tools.operator,
    images: tools.images,
    catalogue: tools.catalogue,
    hypervisors: wanted.filter(({ kind }) => kind === HYPERVISOR_KIND).map(objectKey),
    steps: Object.fromEntries(steps.map(({ step, hash }) => [step.id, hash])),
    live: [...all.values()],
    manager: FIELD_MANAGER,
  };
}

const BOOKS = [STATE_NAME, INVENTORY_NAME, VAULT_SECRET];

/** Credentials and certificates are in no inventory, since they outlive a Cloud. */
export function isCredential({ kind, metadata }: KubeObject): boolean {
  return kind === "Secret" && metadata.labels?.[LABEL.component] === CREDENTIAL;
}

/**
 * A key that who may read the vault can make again, and nobody else. The authority's key is in it as long as the Cloud lives,
 * so that a Secret has the same keyed hash in all of a Cloud's plans.
 */
export function planKey(vault: SecretData | undefined, { objects }: Snapshot): string {
  const secrets = [...objects.values()]
    .filter((object) => isCredential(object))
    .map((object) => [keyOf(refOf(object)), secretText(object)]);
  const known = vault?.[`${AUTHORITY}.tls.key`] ?? vault ?? (secrets.length > 0 ? secrets : undefined);
  if (known === undefined) return randomBytes(32).toString("hex");
  return createHmac("sha256", "underpin plan").update(contentHash(known)).digest("hex");
}
