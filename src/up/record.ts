import { chmod, mkdir, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { type Cloud, CLOUD_KIND, readCloud } from "../api/cloud.ts";
import { API_VERSION, VAULT_SECRET } from "../api/names.ts";
import type { KubeClient } from "../kube/client.ts";
import { isReason } from "../kube/errors.ts";
import type { KubeObject } from "../kube/types.ts";
import { isMissing, readIfThere, writeAtomic } from "../underlay/files.ts";

/** A Cloud as far as its removal has to know it. */
export interface KnownCloud {
  readonly name: string;
  readonly namespace: string;
  readonly deletionPolicy: Cloud["spec"]["deletionPolicy"];
}

/** What was recorded last of the Clouds. */
export interface CloudRecord {
  readonly clouds: readonly KnownCloud[];
  /** Undefined when nothing was recorded. */
  readonly at: Date | undefined;
}

const CLOUD_FILE = "cloud.yaml";
const SECRETS_FILE = "secrets.yaml";

/** Folder with a folder for each Cloud's namespace: the Cloud as it was applied, and the credentials that open its data. */
export function recordFolder(stateDir: string): string {
  return join(stateDir, "clouds");
}

/** Namespaces of which anything is recorded. */
export async function recordedNamespaces(stateDir: string): Promise<string[]> {
  return readdir(recordFolder(stateDir)).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
}

/**
 * Writes down the Clouds of the cluster with their credentials, for root alone, so that they are known when no API server
 * answers any more. Throws KubeError.
 */
export async function recordClouds(client: KubeClient, stateDir: string): Promise<readonly KnownCloud[]> {
  const [clouds, vaults] = await Promise.all([listClouds(client), list(client, "", VAULT_SECRET)]);
  const namespaces = new Set([...clouds, ...vaults].map(({ metadata }) => metadata.namespace ?? ""));
  for (const old of await recordedNamespaces(stateDir)) {
    if (!namespaces.has(old)) await rm(join(recordFolder(stateDir), old), { recursive: true, force: true });
  }
  for (const namespace of namespaces) {
    const folder = join(recordFolder(stateDir), namespace);
    await privateFolder(recordFolder(stateDir));
    await privateFolder(folder);
    const cloud = clouds.find(({ metadata }) => metadata.namespace === namespace);
    if (cloud !== undefined) await put(join(folder, CLOUD_FILE), stringify(bare(cloud)));
    const secrets = vaults.filter(({ metadata }) => metadata.namespace === namespace);
    for (const name of namedSecrets(cloud?.["spec"])) secrets.push(...(await list(client, namespace, name)));
    if (secrets.length > 0)
      await put(join(folder, SECRETS_FILE), secrets.map((one) => stringify(bare(one))).join("---\n"));
  }
  return clouds.map(known);
}

/** What `recordClouds` wrote last; what cannot be read is left out. */
export async function readRecord(stateDir: string): Promise<CloudRecord> {
  const clouds: KnownCloud[] = [];
  let at: Date | undefined;
  for (const namespace of await recordedNamespaces(stateDir)) {
    const file = join(recordFolder(stateDir), namespace, CLOUD_FILE);
    const text = await readIfThere(file);
    if (text === undefined) continue;
    try {
      clouds.push(known(parse(text) as KubeObject));
    } catch {
      continue; // somebody edited it: a Cloud that is not known keeps its data
    }
    const { mtime } = await stat(file);
    if (at === undefined || mtime > at) at = mtime;
  }
  return { clouds, at };
}

/** Whether the credentials of a namespace's Cloud are among what is recorded. */
export async function hasRecordedSecrets(stateDir: string, namespace: string): Promise<boolean> {
  return (await readIfThere(join(recordFolder(stateDir), namespace, SECRETS_FILE))) !== undefined;
}

async function listClouds(client: KubeClient): Promise<readonly KubeObject[]> {
  const query = { apiVersion: API_VERSION, kind: CLOUD_KIND };
  try {
    // The items of a list do not repeat their type.
    return (await client.list(query)).items.map((item) => ({ ...item, ...query }));
  } catch (error) {
    if (isReason(error, "UnknownKind")) return []; // the cluster is older than its first Cloud
    throw error;
  }
}

/** The Secrets of this name, in one namespace or, without one, in all. */
async function list(client: KubeClient, namespace: string, name: string): Promise<readonly KubeObject[]> {
  const query = { apiVersion: "v1", kind: "Secret", fieldSelector: `metadata.name=${name}` };
  const { items } = await client.list(namespace === "" ? query : { ...query, namespace });
  return items.map((item) => ({ ...item, apiVersion: "v1", kind: "Secret" }));
}

function known(object: KubeObject): KnownCloud {
  const { metadata, spec } = readCloud(object);
  return { name: metadata.name, namespace: metadata.namespace, deletionPolicy: spec.deletionPolicy };
}

/** An object as it may be applied again: without what the API server adds. */
function bare(object: KubeObject): object {
  const { status: _status, metadata, ...rest } = object;
  const { name, namespace, labels, annotations } = metadata;
  const own = Object.entries(annotations ?? {}).filter(([key]) => !key.startsWith("kubectl.kubernetes.io/"));
  const kept = own.length === 0 ? {} : { annotations: Object.fromEntries(own) };
  return { ...rest, metadata: { name, namespace, ...(labels === undefined ? {} : { labels }), ...kept } };
}

/** Names of the Secrets that a Cloud points to: fields called `secretRef`, `adminSecretRef` and the like. */
function namedSecrets(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  const found = Object.entries(value).flatMap(([key, inner]: [string, unknown]) => {
    const name = /secretref$/i.test(key) ? (inner as { name?: unknown } | null)?.name : undefined;
    return typeof name === "string" ? [name] : namedSecrets(inner);
  });
  return [...new Set(found)];
}

async function privateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  await chmod(path, 0o700);
}

/** Writes only what changed. */
async function put(file: string, text: string): Promise<void> {
  if ((await readIfThere(file)) !== text) await writeAtomic(file, text, 0o600);
}
