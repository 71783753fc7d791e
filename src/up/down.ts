import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { nodesNamespace } from "../api/names.ts";
import type { Exec } from "../host/exec.ts";
import type { Report } from "../host/progress.ts";
import { loadKubeconfig } from "../kube/config.ts";
import { createClient } from "../kube/http-client.ts";
import { purgeUnderlay, type RemovedData, removeUnderlay, underlayState } from "../underlay/index.ts";
import { openstackConfigFolder, removeCloudEntry } from "./clouds-yaml.ts";
import { forgetGuest, guestKeyFile } from "./guest.ts";
import {
  hasRecordedSecrets,
  type KnownCloud,
  readRecord,
  recordClouds,
  recordedNamespaces,
  recordFolder,
} from "./record.ts";

export interface DownOptions {
  readonly stateDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
  /** Name of the entry in the user's `clouds.yaml`. */
  readonly entry: string;
  readonly report: Report;
  readonly exec?: Exec;
}

export interface DownResult {
  /** False when there was nothing. */
  readonly removed: boolean;
  /** Folder with the data that is kept. */
  readonly kept?: string;
  /** Whose data is gone: Clouds, and what earlier removals had kept. */
  readonly deleted: readonly string[];
}

/** What is known of the Clouds before they are taken down. */
export interface KnownClouds {
  readonly clouds: readonly KnownCloud[];
  /** Where it comes from, in words; empty when the API server said it. */
  readonly source: string;
}

/** The Clouds of this machine's cluster: from its API server when it answers, which is recorded, else as recorded earlier. */
export async function knownClouds(stateDir: string): Promise<KnownClouds> {
  const { state, kubeconfig } = await underlayState({ stateDir });
  if (state === "absent") return { clouds: [], source: "" };
  if (state === "running" && kubeconfig !== undefined) {
    try {
      return { clouds: await record(kubeconfig, stateDir), source: "" };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return recorded(stateDir, `the API server does not tell of its Clouds (${reason})`);
    }
  }
  return recorded(stateDir, `the API server does not run (${state})`);
}

async function recorded(stateDir: string, why: string): Promise<KnownClouds> {
  const { clouds, at } = await readRecord(stateDir);
  const then = at === undefined ? "nothing was recorded, so all data is kept" : `as recorded at ${at.toISOString()}`;
  return { clouds, source: `${why}; ${then}` };
}

/** Writes down what the API server of this kubeconfig says of its Clouds. Throws KubeError. */
export async function record(kubeconfig: string, stateDir: string): Promise<readonly KnownCloud[]> {
  const client = createClient(await loadKubeconfig(kubeconfig));
  try {
    return await recordClouds(client, stateDir);
  } finally {
    await client.close();
  }
}

/** Removes the cluster with all data, that of clusters before it too. */
export async function purge(options: DownOptions): Promise<DownResult> {
  const { stateDir } = options;
  const { state } = await underlayState({ stateDir });
  await removeCloudEntry(openstackConfigFolder(options.env, options.home), options.entry);
  const { clouds } = await readRecord(stateDir);
  const kept = await purgeUnderlay(options);
  await forget(stateDir);
  const deleted = [...clouds.map(nameOf), ...(kept ? ["data that an earlier removal had kept"] : [])];
  return { removed: kept || state !== "absent", deleted };
}

/**
 * Removes the cluster. Data of a Cloud with deletionPolicy Delete goes with it; everything else is kept in a folder for
 * root alone, with the Clouds and what opens their data. Interrupted and called again, it goes on.
 */
export async function takeDown(options: DownOptions): Promise<DownResult> {
  const { stateDir, report } = options;
  const { state } = await underlayState({ stateDir });
  await removeCloudEntry(openstackConfigFolder(options.env, options.home), options.entry);
  if (state === "absent") return { removed: false, deleted: [] };
  const { clouds, source } = await knownClouds(stateDir);
  if (source !== "") report({ part: "down/clouds", state: "info", message: source });
  const doomed = clouds.filter(({ deletionPolicy }) => deletionPolicy === "Delete");
  const retained = clouds.filter((cloud) => !doomed.includes(cloud));
  await tellMissingSecrets(retained, options);
  const gone = doomed.map(({ namespace }) => namespace);
  // Guests' disks belong to no volume; the nodes' Clouds own them together.
  const dropNodeState = doomed.length > 0 && retained.length === 0;
  const kept = await removeUnderlay({
    ...options,
    data: {
      dropVolumesOf: gone.flatMap((namespace) => [namespace, nodesNamespace(namespace)]),
      dropNodeState,
      alongside: dropNodeState ? [] : await keepsakes(stateDir, gone),
    },
  });
  await forget(stateDir);
  return { removed: true, deleted: doomed.map(nameOf), ...(kept === undefined ? {} : { kept }) };
}

/** What makes kept data usable, and is put beside it: the Clouds with their credentials, and the guest's key. */
async function keepsakes(stateDir: string, gone: readonly string[]): Promise<RemovedData["alongside"]> {
  const namespaces = (await recordedNamespaces(stateDir)).filter((namespace) => !gone.includes(namespace));
  return [
    ...namespaces.map((name) => ({ path: join(recordFolder(stateDir), name), name: `clouds/${name}` })),
    { path: dirname(guestKeyFile(stateDir)), name: "guest" },
  ];
}

async function tellMissingSecrets(retained: readonly KnownCloud[], { stateDir, report }: DownOptions): Promise<void> {
  for (const cloud of retained) {
    if (await hasRecordedSecrets(stateDir, cloud.namespace)) continue;
    const message = `the credentials of Cloud ${nameOf(cloud)} are not known and cannot be kept with its data`;
    report({ part: "down/clouds", state: "info", message });
  }
}

/** What was not put beside kept data goes: two clouds share nothing. */
async function forget(stateDir: string): Promise<void> {
  await forgetGuest(stateDir);
  await rm(recordFolder(stateDir), { recursive: true, force: true });
}

function nameOf({ namespace, name }: KnownCloud): string {
  return `${namespace}/${name}`;
}
