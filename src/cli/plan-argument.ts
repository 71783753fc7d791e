// The argument PLAN of commands, completed with what the cluster has.
import type { Plan, PlanPhase } from "../api/plan.ts";
import type { CliContext } from "./context.ts";

/** A Plan's name; in completion, those whose phase is one of `phases`, or all. */
export function planArgument(phases?: readonly PlanPhase[]) {
  return {
    parse: String,
    brief: "Name of the Plan, as underpin history shows it",
    placeholder: "PLAN",
    async proposeCompletions(this: CliContext, partial: string): Promise<readonly string[]> {
      const fits = ({ status }: Plan): boolean =>
        phases === undefined || (status?.phase !== undefined && phases.includes(status.phase));
      const names = (await knownPlans(this)).filter(fits).map(({ metadata }) => metadata.name);
      return names.filter((name) => name.startsWith(partial));
    },
  } as const;
}

/** None where there is no cluster that answers: who completes a line wants no error. */
async function knownPlans(cli: CliContext): Promise<readonly Plan[]> {
  const [{ connect }, { listPlans }] = await Promise.all([import("./cluster.ts"), import("./plans.ts")]);
  try {
    const kube = await connect(cli);
    try {
      return (await listPlans(kube)).plans;
    } finally {
      await kube.close();
    }
  } catch {
    return [];
  }
}
