// Writes a file's Cloud to its cluster, agreed on beforehand; how the command line writes a Cloud is told here once.
import { type Cloud, readCloud } from "../api/cloud.ts";
import type { Report } from "../host/progress.ts";
import type { KubeClient } from "../kube/client.ts";
import { isNotFound, isReason } from "../kube/errors.ts";
import type { Desired, KubeObject } from "../kube/types.ts";
import { admitted } from "../up/admitted.ts";
import { type CloudOutcome, PausedError, PlanRefusedError, untilCloudReady } from "../up/cloud-ready.ts";
import { WaitError } from "../up/watch-until.ts";
import { agree, cliApplier, type Proposed, type Written } from "./agreement.ts";
import { CliError } from "./errors.ts";
import { refusedWrite } from "./refused.ts";
import { waitsLines } from "./render/waits.ts";

/** Seconds that a change gets with `--wait`. */
const WAIT_SECONDS = 1800;

export interface Applying extends Proposed {
  readonly file: string;
  readonly wait: boolean;
  readonly err: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Shows, asks, writes and perhaps waits. Throws CliError, KubeError, and what a wait throws. */
export async function applyCloud(applying: Applying): Promise<void> {
  const { kube, loaded, out } = applying;
  await tried(applying);
  const agreement = await agree(applying);
  const name = nameOf(loaded.cloud);
  if (agreement.type === "nothing") {
    out(`Cloud ${name} is as the file says: nothing was changed.`);
    const outcome = await untilKnown(applying, readCloud(agreement.live), 1).catch((error: unknown) => {
      // A second is enough to see a Plan that waits; that the Cloud is not Ready yet is no matter here.
      if (error instanceof WaitError) return undefined;
      if (!(error instanceof PausedError || error instanceof PlanRefusedError)) throw error;
      out(`${error.message}\n  next     ${error.next}`);
      return undefined;
    });
    if (outcome?.type === "waits") out(waitsLines(outcome).join("\n"));
    return;
  }
  const object = await writeCloud(kube, agreement.written, agreement.live, `underpin up -f ${applying.file}`);
  out(`Cloud ${name} is written${applying.plan === undefined ? "" : ", and its plan approved"}.`);
  if (!applying.wait) return out("  next     underpin watch");
  const outcome = await untilKnown(applying, readCloud(object), WAIT_SECONDS);
  out(outcome.type === "ready" ? `Cloud ${name} is Ready.` : waitsLines(outcome).join("\n"));
}

/** What would be refused is told before anything is shown or asked. */
async function tried({ kube, loaded, file }: Applying): Promise<void> {
  await writing(`underpin up -f ${file}`, () =>
    cliApplier(kube).apply(loaded.written as unknown as Desired, undefined, { dryRun: true }),
  );
}

/** Server-side apply as `up` does it. Throws CliError when it is refused, KubeError. */
export async function writeCloud(
  kube: KubeClient,
  written: Written,
  live: KubeObject | undefined,
  makes: string,
): Promise<KubeObject> {
  const applied = await writing(makes, () => cliApplier(kube).apply(written as unknown as Desired, live));
  return applied.object;
}

/** Does a write of the Cloud, again while nobody answers who is to judge it. `makes`: the command that makes a cloud. */
export async function writing<T>(makes: string, write: () => Promise<T>): Promise<T> {
  let result: T | undefined;
  try {
    await admitted(async () => {
      result = await write();
    });
  } catch (error) {
    if (isReason(error, "UnknownKind") || (isNotFound(error) && error.message.includes("namespaces")))
      throw new CliError(
        "The cluster is not prepared for this Cloud: its namespace or Underpin itself is missing",
        `Make it with: ${makes}`,
      );
    throw refusedWrite(error, {
      what: "change the Cloud",
      next: 'Who changes a Cloud needs the verb "patch" on clouds of underpin.dev in its namespace; who approves also "approve" on plans.',
    });
  }
  return result as T;
}

function untilKnown({ kube, err, signal }: Applying, cloud: Cloud, timeoutSeconds: number): Promise<CloudOutcome> {
  const report: Report = ({ state, message }) => err(`${state === "done" ? "ok " : "   "} ${message}`);
  return untilCloudReady(kube, {
    cloud,
    report: timeoutSeconds === WAIT_SECONDS ? report : () => undefined,
    signal,
    timeoutSeconds,
  });
}

function nameOf({ metadata }: Cloud): string {
  return `${metadata.namespace}/${metadata.name}`;
}
