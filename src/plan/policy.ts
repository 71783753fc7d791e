// Whether a plan may begin: the Cloud's `spec.change`, judged for one plan at one instant.
import type { ChangePolicy, ChangeWindow } from "../api/change.ts";
import { IMPACT_LEVELS } from "../api/plan-status.ts";
import { type Opening, openingAfter, openingAt } from "../api/window.ts";
import type { Approval } from "./approval.ts";
import type { Summary } from "./summary.ts";

export { type Approval, approvalsOf } from "./approval.ts";

export interface Question {
  readonly policy: ChangePolicy;
  readonly summary: Pick<Summary, "impact" | "database" | "dataAtRisk">;
  /** Name and hash of the plan that asks. */
  readonly plan: string;
  readonly hash: string;
  readonly approvals: readonly Approval[];
  readonly now: Date;
  /** The Cloud, for the commands that are told. */
  readonly cloud?: { readonly namespace: string; readonly name: string };
}

export type Decision =
  | {
      readonly type: "run";
      readonly approval: { readonly user: string; readonly by: "Policy" | Approval["by"]; readonly time: string };
    }
  | {
      readonly type: "wait";
      /** What it waits for, and the command that goes on. */
      readonly message: string;
      /** When to ask again, where a time is all that it waits for. */
      readonly until?: Date;
    };

type Run = Decision & { readonly type: "run" };

/**
 * Whether a plan may begin. Asked in this order: paused, freeze, approval, window. It bounds when an execution begins, not
 * how long it takes: one that runs is not asked about again. Pure.
 */
export function decide(question: Question): Decision {
  const { policy, now } = question;
  if (policy.paused) {
    const message = `the Cloud is paused: nothing of it is changed until spec.change.paused is false${edit(question)}`;
    return { type: "wait", message };
  }
  const approved = approvalFor(question);
  const frozen = frozenBy(question);
  if (frozen !== undefined) {
    const also =
      approved.type === "run" ? "" : `. It waits for an approval too, which may be given now: ${approved.message}`;
    return { ...frozen, message: `${frozen.message}${also}` };
  }
  if (approved.type === "wait" || policy.windows.length === 0) return approved;
  return policy.windows.some((window) => isOpen(window, now)) ? approved : nextWindow(policy.windows, now, approved);
}

/** Undefined when no freeze lasts. What cannot be read lasts: nothing begins by mistake. */
function frozenBy(question: Question): (Decision & { readonly type: "wait" }) | undefined {
  const { freeze } = question.policy;
  if (freeze === undefined) return undefined;
  const why = `changes are frozen (${freeze.reason})`;
  const until = freeze.until === undefined ? undefined : new Date(freeze.until);
  if (until === undefined || Number.isNaN(until.getTime()))
    return { type: "wait", message: `${why} until spec.change.freeze is taken away${edit(question)}` };
  return question.now < until ? { type: "wait", message: `${why} until ${shown(until)}`, until } : undefined;
}

/** Whose word the plan has; what somebody approved counts before what the policy lets pass. */
function approvalFor(question: Question): Decision {
  const { hash, plan, approvals, policy, now } = question;
  const fitting = approvals.filter((one) => one.hash === hash && (one.plan === undefined || one.plan === plan));
  const [first] = fitting.toSorted((a, b) => Date.parse(a.time) - Date.parse(b.time));
  if (first !== undefined) return { type: "run", approval: { user: first.user, by: first.by, time: first.time } };
  const why = needsApproval(question);
  if (why === undefined)
    return { type: "run", approval: { user: `policy ${policy.approval}`, by: "Policy", time: now.toISOString() } };
  const how = `See it with: underpin plan ${plan}. Approve it with: underpin approve ${plan}, or with spec.change.approvedPlan: ${hash}`;
  return { type: "wait", message: [`it waits for an approval: ${why}`, ...others(question), how].join(". ") };
}

/** Why somebody has to approve the plan; undefined when the policy lets it pass. */
function needsApproval({ policy, summary }: Question): string | undefined {
  if (policy.approval === "Automatic") return undefined;
  if (policy.approval === "Manual") return "spec.change.approval is Manual";
  const { level, on } = summary.impact;
  const reasons = [
    ...(summary.dataAtRisk.length > 0 ? [`it deletes data (${listed(summary.dataAtRisk)})`] : []),
    ...(summary.database ? ["it makes or changes a database, which cannot be taken back"] : []),
    ...(IMPACT_LEVELS.indexOf(level) > IMPACT_LEVELS.indexOf(policy.automaticUpTo)
      ? [
          `its impact is ${level}${on === undefined ? "" : ` (${on})`}, and only up to ${policy.automaticUpTo} is automatic`,
        ]
      : []),
  ];
  return reasons.length === 0 ? undefined : reasons.join(", and ");
}

/** Approvals that were meant for this Cloud or plan and are about another hash. */
function others({ approvals, plan, hash }: Question): string[] {
  return approvals
    .filter((one) => one.hash !== hash && (one.by === "Cloud" || one.plan === plan))
    .map(({ by, name, user, hash: other }) => {
      const what = by === "Cloud" ? "spec.change.approvedPlan" : `PlanApproval ${name}`;
      return `${what}, by ${user}, is about another plan: ${other}`;
    });
}

/** A window that cannot be read is shut. */
function isOpen(window: ChangeWindow, now: Date): boolean {
  return readable(() => openingAt(window, now)) !== undefined;
}

function nextWindow(windows: readonly ChangeWindow[], now: Date, { approval }: Run): Decision {
  const [next] = windows
    .flatMap((window) => {
      const opening = readable(() => openingAfter(window, now));
      return opening === undefined ? [] : [{ window, opening }];
    })
    .toSorted((a, b) => a.opening.from.getTime() - b.opening.from.getTime());
  const approved = `it is approved by ${approval.user}`;
  if (next === undefined) {
    const message = `${approved}, and no window of spec.change.windows ever opens: ${listed(windows.map(({ name, schedule }) => `${name} at "${schedule}"`))}`;
    return { type: "wait", message };
  }
  const { window, opening } = next;
  const message = `${approved}, and begins when window ${window.name} opens: ${shown(opening.from)}${local(opening, window)}, for ${window.duration}`;
  return { type: "wait", message, until: opening.from };
}

function readable(ask: () => Opening | undefined): Opening | undefined {
  try {
    return ask();
  } catch {
    return undefined; // stored while nobody judged it; a window that never opens is told
  }
}

function edit({ cloud }: Question): string {
  return cloud === undefined ? "" : `. Change it with: kubectl -n ${cloud.namespace} edit clouds ${cloud.name}`;
}

function listed(names: readonly string[]): string {
  const rest = names.length - 3;
  return [...names.slice(0, 3), ...(rest > 0 ? [`${rest} more`] : [])].join(", ");
}

/** `2026-11-24T21:00:00Z`. */
function shown(time: Date): string {
  return time.toISOString().replace(/\.\d{3}Z$/, "Z");
}

function local({ from }: Opening, { timeZone }: ChangeWindow): string {
  if (timeZone === "Etc/UTC" || timeZone === "UTC") return "";
  const format = new Intl.DateTimeFormat("en-GB", { timeZone, hour: "2-digit", minute: "2-digit" });
  return ` (${format.format(from)} in ${timeZone})`;
}
