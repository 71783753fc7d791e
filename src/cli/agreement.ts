// What a file's Cloud would change in its cluster, shown and agreed on before it is written.
import { cloudRef, readCloud } from "../api/cloud.ts";
import { CLI_FIELD_MANAGER, GROUP } from "../api/names.ts";
import { Applier } from "../kube/apply.ts";
import type { KubeClient } from "../kube/client.ts";
import { differences } from "../kube/compare.ts";
import { isReason } from "../kube/errors.ts";
import { type Desired, fieldAt, type KubeObject } from "../kube/types.ts";
import { type FieldChange, fieldChanges } from "../plan/fields.ts";
import type { Plan } from "../plan/plan.ts";
import type { LoadedCloud } from "./cloud-file.ts";
import { cloudPlan, worksWith } from "./cloud-plan.ts";
import type { Ask } from "./confirm.ts";
import { CliError, EXIT } from "./errors.ts";
import { listPlans } from "./plans.ts";
import { renderPlan } from "./render/plan.ts";
import { fieldLines } from "./render/plan-difference.ts";
import { short } from "./render/plan-words.ts";
import { hangingLines, textWidth } from "./render/width.ts";

export type Written = Readonly<Record<string, unknown>>;

export interface Proposed {
  readonly kube: KubeClient;
  readonly loaded: Pick<LoadedCloud, "cloud" | "written">;
  /** Of the operator that comes with the change; absent: it stays. */
  readonly images?: Readonly<Record<string, string>>;
  /** Whole hash of the plan that was reviewed: nothing is asked, and any other plan is refused. */
  readonly plan?: string | undefined;
  /** Nothing is asked: a plan that cannot be made is only told. */
  readonly yes: boolean;
  /** Also every object, line and step. */
  readonly detail?: boolean;
  /** The command that shows the plan whole. */
  readonly whole?: string;
  readonly out: (text: string) => void;
  readonly ask: Ask;
}

/** The Cloud to write; or that the cluster has it already, and nothing is to be done. */
export type Agreement =
  | { readonly type: "write"; readonly written: Written; readonly live: KubeObject | undefined }
  | { readonly type: "nothing"; readonly live: KubeObject };

/** Shows what would change and asks. Throws CliError when that is refused or the plan is another one, and KubeError. */
export async function agree(proposed: Proposed): Promise<Agreement> {
  const { kube, loaded, plan: hash } = proposed;
  if (hash !== undefined) mustBeHash(hash);
  const live = await kube.get(cloudRef(loaded.cloud.metadata));
  const written = withApproval(loaded.written, live, hash);
  const change = changeOf(written, live);
  const newer = proposed.images !== undefined && !(await worksWith(kube, proposed.images));
  if (live !== undefined && !change.any && !newer) return { type: "nothing", live };
  const plan = await made(proposed, newer);
  if (hash !== undefined) mustBe(hash, plan);
  const none = plan?.empty === true && change.fields.length === 0;
  if (none && live !== undefined && !change.metadata && !newer) return { type: "nothing", live };
  if (!none && hash === undefined) {
    proposed.out((await lines(proposed, change.fields, plan)).join("\n"));
    await proposed.ask("Make this change?");
  }
  return { type: "write", written, live };
}

/** The Cloud that `up` writes: a first one as it is, any other when its change is agreed on. Throws CliError, KubeError. */
export async function agreeUp(proposed: Proposed): Promise<Written> {
  const { kube, loaded, plan } = proposed;
  if (plan !== undefined) mustBeHash(plan);
  const there = await clouds(kube, loaded);
  if (there) {
    const agreement = await agree(proposed);
    return agreement.type === "write" ? agreement.written : withApproval(loaded.written, agreement.live, plan);
  }
  if (plan === undefined) return loaded.written;
  throw new CliError(
    "There is no cloud yet, and so no plan that could have been reviewed",
    "Run it without --plan. With spec.change.approval: Manual in the file it waits for an approval.",
  );
}

/** Whether the Cloud is there, in a cluster that may not know the kind yet. */
async function clouds(kube: KubeClient, { cloud }: Proposed["loaded"]): Promise<boolean> {
  try {
    return (await kube.get(cloudRef(cloud.metadata))) !== undefined;
  } catch (error) {
    if (isReason(error, "UnknownKind")) return false;
    throw error;
  }
}

/** Undefined for a plan that cannot be made although somebody said yes beforehand. */
async function made({ kube, loaded, images, plan, yes, out }: Proposed, newer: boolean): Promise<Plan | undefined> {
  try {
    return await cloudPlan(kube, loaded.cloud, newer ? images : undefined);
  } catch (error) {
    if (!(error instanceof CliError) || !yes || plan !== undefined) throw error;
    out(`note: ${error.message}`);
    return undefined;
  }
}

interface CloudChange {
  /** Anything would be written. */
  readonly any: boolean;
  /** Labels or annotations differ. */
  readonly metadata: boolean;
  /** What differs in what the Cloud says, defaults filled in. */
  readonly fields: readonly FieldChange[];
}

const SHAPE = `${GROUP}/shape`;

function changeOf(written: Written, live: KubeObject | undefined): CloudChange {
  if (live === undefined) return { any: true, metadata: true, fields: [] };
  const found = differences(cliApplier().prepare(written as unknown as Desired), live);
  return {
    any: found.length > 0,
    metadata: found.some(({ path }) => path.startsWith("metadata.") && !path.endsWith(SHAPE)),
    fields: fieldChanges(readCloud(live).spec, readCloud(written).spec),
  };
}

/** As the command line writes everything; without a client for what is only compared. */
export function cliApplier(kube?: KubeClient): Applier {
  return new Applier(kube as KubeClient, { fieldManager: CLI_FIELD_MANAGER, shapeAnnotation: SHAPE });
}

/** An approval that stands in the cluster and not in the file stays: it is about a plan and none of what the Cloud says. */
function withApproval(written: Written, live: KubeObject | undefined, hash: string | undefined): Written {
  const stands = fieldAt(live, "spec", "change", "approvedPlan");
  const own = fieldAt(written, "spec", "change", "approvedPlan");
  const approvedPlan = hash ?? own ?? stands;
  if (approvedPlan === undefined || approvedPlan === own) return written;
  const spec = (written["spec"] ?? {}) as Written;
  const change = (spec["change"] ?? {}) as Written;
  return { ...written, spec: { ...spec, change: { ...change, approvedPlan } } };
}

function mustBeHash(hash: string): void {
  if (/^[0-9a-f]{64}$/.test(hash)) return;
  throw new CliError(
    `"${hash}" is no hash of a plan`,
    "Give all 64 hexadecimal digits, as underpin plan -f FILE -o json tells them in .hash.",
    { exitCode: EXIT.usage },
  );
}

function mustBe(hash: string, plan: Plan | undefined): void {
  if (plan?.hash === hash) return;
  const now = plan === undefined ? "none" : `plan ${short(plan.hash)}`;
  throw new CliError(
    `The plan of this Cloud is not ${short(hash)} any more: it is ${now}, and nothing was changed`,
    "Something that it stands on has moved. Review it again: underpin plan -f FILE",
  );
}

async function lines(proposed: Proposed, fields: readonly FieldChange[], plan: Plan | undefined): Promise<string[]> {
  const width = textWidth();
  const { detail = false, whole } = proposed;
  const shown = plan === undefined ? [] : renderPlan(plan, { format: "text", detail, width, whole }).split("\n");
  return [
    ...(fields.length === 0 ? [] : ["THE CLOUD", ...fieldLines(fields.slice(0, FIELDS), width)]),
    ...(fields.length > FIELDS ? [`  and ${fields.length - FIELDS} more`] : []),
    ...(fields.length === 0 || shown.length === 0 ? [] : [""]),
    ...shown,
    ...(await queuedLines(proposed, width)),
    "",
  ];
}

/** Fields of the Cloud that are told. */
const FIELDS = 20;

async function queuedLines({ kube, loaded }: Proposed, width: number): Promise<string[]> {
  const { name, namespace } = loaded.cloud.metadata;
  const { plans } = await listPlans(kube, namespace);
  const running = plans.find(
    ({ spec, status }) => spec.cloud === name && (status?.phase === "Running" || status?.phase === "Paused"),
  );
  if (running === undefined) return [];
  const text = `Plan ${running.metadata.name} is carried out now: this change is planned when that has ended, and may be another plan then.`;
  return ["", ...hangingLines("", text, width)];
}
