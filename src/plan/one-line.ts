import type { Effect } from "./impact.ts";
import type { Plan } from "./plan.ts";

/** Characters of the line at most. */
const LONGEST = 120;

/** In order of what a reader must know first, with what a workload does, and several do. */
const EFFECTS: readonly (readonly [Effect, one: string, several: string])[] = [
  ["stops", "stops", "stop"],
  ["recreates", "restarts", "restart"],
  ["rolls", "rolls", "roll"],
  ["waits", "waits for its pods to be deleted", "wait for their pods to be deleted"],
  ["scales", "scales", "scale"],
  ["reloads", "options reload", "options reload"],
  ["starts", "starts", "start"],
];

/** A change in one line of at most 120 characters: `keystone rolls; nova options reload`. Pure. */
export function oneLine(plan: Plan): string {
  const forms = [() => whole(plan), () => named(plan), () => counted(plan), () => things(plan)];
  const line = forms.map((form) => form()).find((text) => text !== undefined && text.length <= LONGEST);
  const refused = plan.refused.length === 0 ? undefined : `${plural(plan.refused.length, "object")} refused`;
  return [refused, line ?? "several changes"]
    .filter((part) => part !== undefined && part !== "")
    .join("; ")
    .slice(0, LONGEST);
}

/** Nearly everything is made; what a user made beforehand, such as a password, may be there. */
export function isNew({ count, empty }: Pick<Plan, "count" | "empty">): boolean {
  return !empty && count.changed + count.deleted === 0 && count.unchanged * 10 < count.created;
}

function whole(plan: Plan): string | undefined {
  if (plan.empty) return "nothing to do";
  const workloads = new Set(plan.workloads.map(({ workload }) => workload)).size;
  if (!isNew(plan) || workloads === 0) return undefined;
  return `a new cloud: ${plural(workloads, "workload")}`;
}

/** The effects, each with its workloads; a workload stands with the first that one of its controllers has. */
function byEffect({ workloads }: Plan): readonly (readonly [names: readonly string[], one: string, several: string])[] {
  const told = new Set<string>();
  return EFFECTS.flatMap(([effect, one, several]) => {
    const found = workloads.filter((each) => each.effect === effect).map(({ workload }) => workload);
    const names = [...new Set(found)].filter((name) => !told.has(name)).toSorted();
    for (const name of names) told.add(name);
    return names.length === 0 ? [] : [[names, one, several] as const];
  });
}

function named(plan: Plan): string | undefined {
  const parts = byEffect(plan).map(([names, one, several]) => `${listed(names)} ${names.length === 1 ? one : several}`);
  return parts.length === 0 ? undefined : parts.join("; ");
}

function counted(plan: Plan): string | undefined {
  const parts = byEffect(plan).map(
    ([names, one, several]) => `${plural(names.length, "workload")} ${names.length === 1 ? one : several}`,
  );
  return parts.length === 0 ? undefined : parts.join("; ");
}

/** No pod notices anything. */
function things(plan: Plan): string {
  const { created, changed, deleted } = plan.count;
  const services = [...new Set(plan.configuration.map(({ workload }) => workload))].toSorted();
  if (services.length > 0) return `${plural(plan.configuration.length, "option")} of ${listed(services)}`;
  const counts = [
    [created, "created"],
    [changed, "changed"],
    [deleted, "deleted"],
  ] as const;
  const told = counts.filter(([count]) => count > 0).map(([count, what]) => `${plural(count, "object")} ${what}`);
  if (told.length > 0) return told.join(", ");
  return plan.steps.length > 0 ? `${plural(plan.steps.length, "step")} again, no object changes` : "";
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1) ?? ""}`;
}

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
