import type { PlanStatus } from "../../api/plan.ts";

type Condition = NonNullable<PlanStatus["conditions"]>[number];

/** The status with its conditions, by which `kubectl wait` waits; the times of what did not change are kept. Pure. */
export function withConditions(status: PlanStatus, before: PlanStatus | undefined, now: Date): PlanStatus {
  const { phase = "Pending", approval, message = "" } = status;
  const approved =
    approval === undefined
      ? { holds: false, reason: "NotApproved", message: "nobody has approved it" }
      : { holds: true, reason: approval.by, message: `approved by ${approval.user}` };
  const complete = { holds: phase === "Succeeded", reason: phase, message: message === "" ? phase : message };
  const conditionOf = (type: string, { holds, ...told }: typeof approved): Condition => {
    const was = before?.conditions?.find((one) => one.type === type);
    const is = holds ? "True" : "False";
    const since = was?.status === is ? was.lastTransitionTime : now.toISOString();
    return { type, status: is, lastTransitionTime: since, ...told };
  };
  return { ...status, conditions: [conditionOf("Approved", approved), conditionOf("Complete", complete)] };
}
