// A new change that leads a Cloud back to what it was before a Plan, with what was changed since kept.
import { stringify } from "yaml";
import { type Cloud, cloudRef, readCloud } from "../api/cloud.ts";
import { CLI_FIELD_MANAGER } from "../api/names.ts";
import type { Plan } from "../api/plan.ts";
import { canonicalJson } from "../content/canonical.ts";
import { appliedBy } from "../kube/applied.ts";
import type { KubeClient } from "../kube/client.ts";
import { isFields } from "../kube/compare.ts";
import { type KubeObject, refOf } from "../kube/types.ts";
import { managersOf } from "../options/managers.ts";
import type { PlanContent } from "../plan/content.ts";
import {
  type Conflict,
  edited,
  type FieldEdit,
  hasKeys,
  pathText,
  type Path,
  shortened,
  takeBack,
} from "../plan/take-back.ts";
import { agree, type Written } from "./agreement.ts";
import { writeCloud, writing } from "./apply.ts";
import type { Ask } from "./confirm.ts";
import { CliError } from "./errors.ts";
import { cannot } from "./plan-actions.ts";
import { readContent } from "./plan-content.ts";
import { listPlans, planNamed, successor } from "./plans.ts";

export interface Undoing {
  readonly kube: KubeClient;
  readonly name: string;
  readonly namespace: string | undefined;
  /** Print what is to be changed in a repository instead. */
  readonly yaml: boolean;
  readonly yes: boolean;
  readonly out: (text: string) => void;
  readonly ask: Ask;
}

/** Shows the plan of the way back, asks, and writes the Cloud. Throws CliError, KubeError. */
export async function undoPlan(undoing: Undoing): Promise<void> {
  const { kube, name, out, ask, yes } = undoing;
  const list = await listPlans(kube, undoing.namespace);
  const plan = planNamed(list, name);
  mustHaveRun(plan, successor(list, plan));
  const content = await readContent(kube, plan);
  const before = wayBack(plan, content);
  const live = await kube.get(cloudRef({ namespace: plan.metadata.namespace, name: plan.spec.cloud }));
  if (live === undefined)
    throw new CliError(
      `There is no Cloud ${plan.metadata.namespace}/${plan.spec.cloud} any more`,
      "See what there is: underpin status",
    );
  const edits = editsOf(live, { before, made: content.after }, name);
  if (edits.length === 0) return out(`Cloud ${nameOf(live)} is as it was before plan ${name}: nothing to do.`);
  const whole = { ...live, spec: edited(live["spec"] as Written, edits) };
  if (undoing.yaml) return out(yamlPatch(live, whole, name));
  const others = repositories(live, edits);
  if (others.length > 0) throw elsewhere(live, name, others);
  const loaded = { cloud: readCloud(whole), written: whole };
  await agree({ kube, loaded, yes, out, ask });
  await write(kube, live, { edits, whole });
  out(`Cloud ${nameOf(live)} is written: the operator leads it back by a plan of its own.`);
  out("  next     underpin watch");
}

function mustHaveRun(plan: Plan, after: Plan | undefined): void {
  const { phase } = plan.status ?? {};
  if (phase === "Succeeded" || phase === "Failed" || phase === "Aborted") return;
  const { name } = plan.metadata;
  if (phase === "Running" || phase === "Paused" || phase === "Approved")
    throw new CliError(
      `Plan ${name} cannot be taken back: it has not ended`,
      `Wait for it, or end it first: underpin abort ${name}`,
    );
  throw cannot(plan, "be taken back", after);
}

/** What was in effect before. Throws CliError for a plan from which no way leads back. */
function wayBack({ metadata, status }: Plan, { before, plan }: PlanContent): Cloud["spec"] {
  const { name } = metadata;
  const told = status?.summary?.takenBack ?? "";
  if (before === undefined)
    throw new CliError(
      `Plan ${name} cannot be taken back: nothing was there before it`,
      "To take the cloud away: underpin down",
    );
  const risky = plan.steps.filter(({ database }) => database).map(({ id }) => id);
  const changed = (status?.steps ?? []).some(({ id, state }) => state === "Done" && risky.includes(id));
  const late = told.startsWith("Only until") && (status?.phase === "Succeeded" || changed);
  if (!/^no\b/i.test(told) && !late) return before;
  throw new CliError(`Plan ${name} cannot be taken back. ${told}`, "Make a new change instead: underpin apply -f FILE");
}

/** Throws CliError when somebody changed since what the plan changed, or when it changed nothing of the Cloud. */
function editsOf(
  live: KubeObject,
  plan: { readonly before: Cloud["spec"]; readonly made: Cloud["spec"] },
  name: string,
): readonly FieldEdit[] {
  const now = readCloud(live).spec;
  if (takeBack(plan, plan.made).edits.length === 0)
    throw new CliError(
      `Plan ${name} changed nothing of what the Cloud says: another operator made other objects of it`,
      "Go back to the version of Underpin before: its underpin up makes a plan that leads back.",
    );
  const { edits, conflicts } = takeBack(plan, now);
  if (conflicts.length > 0) throw conflicting(conflicts, name);
  const stored = live["spec"] as Written;
  const target = specText(live, edited(stored, edits));
  return shortened(edits, (other) => specText(live, edited(stored, other)) === target);
}

/** The spec with its defaults, to compare; what is no spec is equal to none. */
function specText(live: KubeObject, spec: Written): string {
  try {
    return canonicalJson(readCloud({ ...live, spec }).spec);
  } catch {
    return ""; // a field that must be there is missing
  }
}

function conflicting(conflicts: readonly Conflict[], name: string): CliError {
  const told = conflicts.map(
    ({ path, now, made, before }) =>
      `\n  ${pathText(path)}: is ${shown(now)}; the plan made it ${shown(made)}, and before it was ${shown(before)}`,
  );
  return new CliError(
    `Plan ${name} cannot be taken back: what it changed was changed again since, and nobody knows which is right${told.join("")}`,
    "Take back the later plan first (underpin history), or write what you want: underpin apply -f FILE",
  );
}

function shown(value: unknown): string {
  return value === undefined ? "not set" : JSON.stringify(value);
}

/** Who changes a Cloud by hand leaves these names; everybody else applies it from somewhere, and would put it back. */
const BY_HAND = /^kubectl-(edit|patch|set|replace|annotate|label)$/;

function repositories(live: KubeObject, edits: readonly FieldEdit[]): readonly string[] {
  return [...new Set(edits.flatMap(({ path }) => writers(live, path)))].filter(
    (manager) => manager !== CLI_FIELD_MANAGER && !BY_HAND.test(manager),
  );
}

function writers(live: KubeObject, path: Path): readonly string[] {
  const places: string[] = ["spec"];
  let value: unknown = live["spec"];
  for (const part of path) {
    const items = Array.isArray(value) ? (value as unknown[]) : [];
    const place = typeof part === "string" ? part : String(items.findIndex((item) => hasKeys(item, part)));
    if (place === "-1") break;
    places.push(place);
    value = isFields(value) ? value[place] : items[Number(place)];
  }
  return managersOf(live, places);
}

function elsewhere(live: KubeObject, name: string, managers: readonly string[]): CliError {
  return new CliError(
    `Cloud ${nameOf(live)} is applied by ${managers.join(", ")}, which would put back what is written here`,
    `Make the change where that takes it from; what it is shows: underpin undo ${name} -o yaml`,
  );
}

function yamlPatch(live: KubeObject, whole: KubeObject, name: string): string {
  const { apiVersion, kind, metadata } = live;
  const spec = mergeBetween(live["spec"] as Written, whole["spec"] as Written);
  const patch = { apiVersion, kind, metadata: { name: metadata.name, namespace: metadata.namespace }, spec };
  const head = `# Leads Cloud ${nameOf(live)} back from plan ${name}. null: the field goes. Lists are told whole.`;
  return `${head}\n${stringify(patch).trimEnd()}`;
}

/** The merge patch that leads from one to the other. */
function mergeBetween(from: Written, to: Written): Written {
  const keys = [...new Set([...Object.keys(from), ...Object.keys(to)])];
  return Object.fromEntries(
    keys.flatMap((key) => {
      const [was, is] = [from[key], to[key]];
      if (canonicalJson(was) === canonicalJson(is)) return [];
      if (isFields(was) && isFields(is)) return [[key, mergeBetween(was, is)]];
      return [[key, is ?? null]];
    }),
  );
}

/** What this command line applied is applied again with the change; what was set by hand is changed by hand. */
async function write(
  kube: KubeClient,
  live: KubeObject,
  { edits, whole }: { readonly edits: readonly FieldEdit[]; readonly whole: KubeObject },
): Promise<void> {
  const applied = appliedBy(live, CLI_FIELD_MANAGER);
  const { resourceVersion } = live.metadata;
  const ours = edits.every(({ path }) => writers(live, path).every((manager) => manager === CLI_FIELD_MANAGER));
  if (applied !== undefined && ours) {
    const { metadata, spec } = applied as { metadata: Written; spec?: Written };
    const written = { ...applied, metadata: { ...metadata, resourceVersion }, spec: edited(spec ?? {}, edits) };
    await writeCloud(kube, written, live, "underpin up");
    return;
  }
  const spec = mergeBetween(live["spec"] as Written, whole["spec"] as Written);
  const value = { metadata: { resourceVersion }, spec };
  await writing("underpin up", () =>
    kube.patch(refOf(live), { type: "merge", value }, { fieldManager: CLI_FIELD_MANAGER }),
  );
}

function nameOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ""}/${metadata.name}`;
}
