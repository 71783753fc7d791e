// A Cloud as it is in its cluster, in a file, and plans of it where there is no cluster.
import { readFile } from "node:fs/promises";
import type { Cloud } from "../api/cloud.ts";
import { captureCloud } from "../desired/capture.ts";
import { catalogueHash } from "../desired/catalogue-hash.ts";
import { planOffline } from "../desired/plan-offline.ts";
import { parseSnapshot, type SnapshotFile, SnapshotFileError, snapshotText } from "../desired/snapshot-file.ts";
import { readState, STATE_NAME } from "../desired/state.ts";
import type { KubeClient } from "../kube/client.ts";
import { type Expectation, expectationOf } from "../plan/expected.ts";
import type { Plan } from "../plan/plan.ts";
import { loadWorkloads } from "../workloads/registry.ts";
import { planned, readInstalled } from "./cloud-plan.ts";
import { CliError } from "./errors.ts";

const NEXT = "Make a snapshot where the cluster is: underpin snapshot > laptop.snapshot";

/** Text of a snapshot of the Cloud, without a secret's value. Throws CliError, KubeError. */
export async function cloudSnapshot(kube: KubeClient, cloud: Cloud, now: Date): Promise<string> {
  const [installed, workloads] = await Promise.all([readInstalled(kube), loadWorkloads()]);
  const { namespace, name } = cloud.metadata;
  return planned(async () =>
    snapshotText(await captureCloud({ namespace, name }, { client: kube, workloads, ...installed, now })),
  );
}

/** What would probably change, and what it would take, told from a snapshot. No cluster is asked. Throws CliError. */
export async function offlinePlan(file: string, cloud: Cloud): Promise<{ found: Plan; expected: Expectation }> {
  const [snapshot, workloads, catalogue] = await Promise.all([
    readSnapshotFile(file),
    loadWorkloads(),
    catalogueHash(cloud.spec.release),
  ]);
  const found = await planned(() => planOffline(cloud, snapshot, { workloads, catalogue }));
  const state = snapshot.objects.find(({ kind, metadata }) => kind === "ConfigMap" && metadata.name === STATE_NAME);
  return { found, expected: expectationOf(found, readState(state).records ?? []) };
}

async function readSnapshotFile(file: string): Promise<SnapshotFile> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    throw new CliError(`The snapshot ${file} cannot be read`, NEXT, { cause });
  }
  try {
    return parseSnapshot(text);
  } catch (cause) {
    if (!(cause instanceof SnapshotFileError)) throw cause;
    throw new CliError(`The snapshot ${file} cannot be used: ${cause.message}`, NEXT);
  }
}
