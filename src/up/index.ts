import { type Cloud, cloudRef, readCloud } from "../api/cloud.ts";
import type { Exec } from "../host/exec.ts";
import { type Report, timed } from "../host/progress.ts";
import type { KubeClient } from "../kube/client.ts";
import { loadKubeconfig } from "../kube/config.ts";
import { createClient } from "../kube/http-client.ts";
import { readState, STATE_NAME } from "../desired/state.ts";
import {
  ensureUnderlay,
  installTools,
  missingTools,
  requireFit,
  requireInstallable,
  type UnderlayHandle,
  underlayState,
} from "../underlay/index.ts";
import { type CloudEntry, openstackConfigFolder, writeCloudEntry } from "./clouds-yaml.ts";
import { administrator, administratorSession, bringUpGuest, guestKeyFile } from "./guest.ts";
import { untilAnswers, untilComputeUp, waitsOf } from "./answers.ts";
import { type CloudWaits, untilCloudReady } from "./cloud-ready.ts";
import { install } from "./install.ts";
import { both, prepare, type Prepared } from "./prepare.ts";
import { recordClouds } from "./record.ts";
import { watchUntil } from "./watch-until.ts";

/** Name of the entry in the user's `clouds.yaml`. */
export const CLOUD_ENTRY = "underpin";

export interface UpOptions {
  readonly cloud: Cloud;
  /** The Cloud as the user wrote it. */
  readonly written: Readonly<Record<string, unknown>>;
  readonly cacheDir: string;
  readonly stateDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
  readonly exec: Exec;
  readonly report: Report;
  readonly signal: AbortSignal;
  /**
   * Asked before anything is written to the cluster: gives the Cloud to write. Throws when nothing is to be written.
   * `images` are those that the operator will work with.
   */
  readonly agree: (client: KubeClient, images: Readonly<Record<string, string>>) => Promise<UpOptions["written"]>;
}

/** What there is in the end; of a cloud that is not there yet, only that its Plan waits for somebody. */
export type UpResult = UpCloud | { readonly changed: boolean; readonly waits: CloudWaits; readonly apiUrl?: undefined };

export interface UpCloud {
  readonly changed: boolean;
  /** The change that was written is not carried out: its Plan waits for somebody. */
  readonly waits?: CloudWaits;
  readonly apiUrl: string;
  readonly cloudsYaml: { readonly file: string; readonly entry: string };
  readonly guest?: { readonly name: string; readonly address: string; readonly ssh: string };
}

/** Seconds that OpenStack gets from the Cloud's first write to Ready. */
const CLOUD_TIMEOUT_S = 900;

/**
 * From whatever the machine is now to a cloud with a guest that answers. Every part is idempotent: interrupted anywhere
 * and run again, it goes on. Throws the error of the part that failed, with what to do next.
 */
export async function bringUp(options: UpOptions): Promise<UpResult> {
  const { cacheDir, stateDir, report, exec, signal } = options;
  if ((await missingTools(exec)).length > 0) {
    await requireInstallable({ cacheDir, stateDir });
    await installTools(exec, report);
  }
  await requireFit({ cacheDir, stateDir });
  const nodeRuns = (await underlayState({ stateDir })).state === "running";
  const prepared = await prepare({ cacheDir, exec, report, nodeRuns });
  signal.throwIfAborted();
  const underlay = await bringUpUnderlay(options, prepared);
  signal.throwIfAborted();
  const client = createClient(await loadKubeconfig(underlay.kubeconfig));
  try {
    const imported = await importImages(options, prepared, underlay);
    const images = Object.fromEntries(prepared.images.map(({ name, reference }) => [name, reference]));
    const nodes = underlay.nodes.map(({ name }) => name);
    const agreed = await options.agree(client, images);
    const written = await timed(report, "cloud/apply", "writing the operator and the Cloud", () =>
      install({ client, cloud: options.cloud, written: agreed, images, nodes }),
    );
    await recordClouds(client, stateDir);
    const finished = await untilUp(options, client, prepared.guest);
    await recordClouds(client, stateDir);
    return { ...finished, changed: underlay.changed || imported > 0 || written.length > 0 || finished.changed };
  } finally {
    await client.close();
  }
}

/** The guest is made as soon as a node can run it, while the rest of the cloud is still coming up. */
async function untilUp(options: UpOptions, client: KubeClient, guest: string): Promise<UpResult> {
  const stop = new AbortController();
  const parts = { ...options, signal: AbortSignal.any([options.signal, stop.signal]) };
  const [outcome, finished] = await both(
    timed(options.report, "cloud/ready", "OpenStack comes up", async () => {
      const found = await untilCloudReady(client, { ...parts, timeoutSeconds: CLOUD_TIMEOUT_S });
      if (found.type === "waits" && !found.installed) stop.abort();
      return found;
    }).catch((error: unknown) => {
      stop.abort(); // the guest waits for what will not come
      throw error;
    }),
    guestAndEntry(parts, client, guest).catch((error: unknown) => {
      if (stop.signal.aborted && !options.signal.aborted) return undefined;
      throw error;
    }),
  );
  if (outcome.type === "ready") return finished ?? missing();
  return finished === undefined ? { changed: false, waits: outcome } : { ...finished, waits: outcome };
}

function missing(): never {
  throw new Error("the cloud is Ready, and its guest was given up");
}

function bringUpUnderlay(options: UpOptions, prepared: Prepared): Promise<UnderlayHandle> {
  const { stateDir, report, exec } = options;
  const { binaries, nodeRootfs, files, seed } = prepared;
  const parts = { binaries, nodeRootfs, images: files, ...(seed === undefined ? {} : { seed }) };
  return timed(report, "underlay", "Kubernetes comes up", () => ensureUnderlay({ stateDir, report, exec, ...parts }));
}

/** Answers how many images the nodes did not have. */
async function importImages({ report }: UpOptions, { files }: Prepared, underlay: UnderlayHandle): Promise<number> {
  const each = underlay.nodes.map(({ name }) =>
    timed(report, "images/import", `images of node ${name}`, () => underlay.importImages(name, files)),
  );
  return (await Promise.all(each)).flat().length;
}

/** The user's entry for the cloud and, where the Cloud runs guests, the guest. */
async function guestAndEntry(options: UpOptions, client: KubeClient, parts: string): Promise<UpCloud> {
  const { stateDir, exec, report, signal } = options;
  const waits = waitsOf(options.cloud);
  await waitForSteps(client, options, waits.apis);
  const cloud = readCloud(await client.get(cloudRef(options.cloud.metadata)));
  const admin = await administrator(client, cloud);
  const folder = openstackConfigFolder(options.env, options.home);
  const entry: CloudEntry = {
    ...admin,
    name: CLOUD_ENTRY,
    username: "admin",
    project: "admin",
    region: cloud.spec.region,
  };
  const wrote = await writeCloudEntry(folder, entry);
  const session = administratorSession(admin, cloud);
  try {
    // A cloud that comes back after a stop has done all its steps long ago: only its answers tell.
    await timed(report, "cloud/answers", "every API answers", () => untilAnswers(session, cloud, signal));
    const nodeReady = (): Promise<void> =>
      timed(report, "cloud/node", "a node can run guests", async () => {
        await waitForSteps(client, options, waits.node);
        await untilComputeUp(session, signal);
      });
    const guest =
      waits.node.length === 0
        ? undefined
        : await bringUpGuest({ cloud, session, parts, stateDir, exec, report, nodeReady: quiet(nodeReady()), signal });
    const ssh = `ssh -i ${guestKeyFile(stateDir)} root@${guest?.address ?? ""}`;
    return {
      changed: wrote || (guest?.changed.length ?? 0) > 0,
      apiUrl: admin.authUrl.replace(/\/identity.*$/, ""),
      cloudsYaml: { file: `${folder}/clouds.yaml`, entry: CLOUD_ENTRY },
      ...(guest === undefined ? {} : { guest: { name: guest.name, address: guest.address, ssh } }),
    };
  } finally {
    await session.close();
  }
}

/** A promise whose failure is told by whoever waits for it later. */
function quiet<T>(work: Promise<T>): Promise<T> {
  work.catch(() => undefined);
  return work;
}

/** Waits until the operator has done these steps at least once. */
async function waitForSteps(client: KubeClient, options: UpOptions, steps: readonly string[]): Promise<void> {
  const { namespace } = options.cloud.metadata;
  const ref = { apiVersion: "v1", kind: "ConfigMap", namespace, name: STATE_NAME };
  await watchUntil(client, ref, {
    done: (object) => {
      const { done } = readState(object);
      return steps.every((step) => done[step] !== undefined);
    },
    timeoutMs: CLOUD_TIMEOUT_S * 1000,
    what: `the steps ${steps.join(", ")}`,
    signal: options.signal,
  });
}
