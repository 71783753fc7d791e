// The Plans of a cluster as commands name them: found by name, the newest first.
import { API_VERSION } from "../api/names.ts";
import { nearest } from "../api/nearest.ts";
import { type Plan, PLAN_KIND, planSchema } from "../api/plan.ts";
import type { KubeClient } from "../kube/client.ts";
import { isReason } from "../kube/errors.ts";
import type { ObjectRef } from "../kube/types.ts";
import { CliError, EXIT } from "./errors.ts";

export interface PlanList {
  /** The newest first. */
  readonly plans: readonly Plan[];
  /** Names of Plans that this version cannot read. */
  readonly unreadable: readonly string[];
}

/** All Plans, or those of one namespace. None when the cluster does not know the kind. Throws KubeError. */
export async function listPlans(kube: KubeClient, namespace?: string): Promise<PlanList> {
  const query = { apiVersion: API_VERSION, kind: PLAN_KIND };
  const plans: Plan[] = [];
  const unreadable: string[] = [];
  try {
    const { items } = await kube.list(namespace === undefined ? query : { ...query, namespace });
    for (const item of items) {
      const { success, data } = planSchema.safeParse({ ...item, ...query });
      if (success) plans.push(data);
      else unreadable.push(item.metadata.name);
    }
  } catch (error) {
    if (!isReason(error, "UnknownKind")) throw error;
  }
  return { plans: plans.toSorted(newestFirst), unreadable };
}

function newestFirst(a: Plan, b: Plan): number {
  const [first, second] = [a, b].map(({ metadata }) => metadata.creationTimestamp ?? "");
  if (first !== second) return (first ?? "") < (second ?? "") ? 1 : -1;
  const order = (b.status?.generation ?? 0) - (a.status?.generation ?? 0);
  return order === 0 ? b.metadata.name.localeCompare(a.metadata.name, "en", { numeric: true }) : order;
}

/** What names a Plan to the API server. */
export function planRef({ metadata }: Plan): ObjectRef {
  return { apiVersion: API_VERSION, kind: PLAN_KIND, namespace: metadata.namespace, name: metadata.name };
}

/** The Plan of that name. Throws CliError (exit code 2) with the name that was probably meant when there is none. */
export function planNamed({ plans, unreadable }: PlanList, name: string): Plan {
  const [found, ...more] = plans.filter(({ metadata }) => metadata.name === name);
  if (found !== undefined && more.length === 0) return found;
  if (found !== undefined) {
    const places = [found, ...more].map(({ metadata }) => metadata.namespace).join(", ");
    throw usage(`There are several Plans ${name}, in the namespaces ${places}`, "Say which one: -n NAMESPACE");
  }
  if (unreadable.includes(name))
    throw new CliError(
      `The Plan ${name} cannot be read by this version`,
      `See it as it is: underpin kubectl get plan ${name} -A -o yaml`,
    );
  const meant = nearest(
    name,
    plans.map(({ metadata }) => metadata.name),
  );
  const hint = meant === undefined ? "" : `Did you mean ${meant}? `;
  throw usage(`There is no Plan ${name}`, `${hint}See the Plans that there are: underpin history`);
}

function usage(message: string, next: string): CliError {
  return new CliError(message, next, { exitCode: EXIT.usage });
}

/** The newest Plan of the same Cloud that came after this one; undefined when it is the newest. */
export function successor({ plans }: PlanList, plan: Plan): Plan | undefined {
  const same = plans.filter(
    ({ metadata, spec }) =>
      metadata.namespace === plan.metadata.namespace && spec.cloud === plan.spec.cloud && spec.candidate === undefined,
  );
  const [newest] = same;
  return newest === undefined || newest.metadata.name === plan.metadata.name || newestFirst(newest, plan) > 0
    ? undefined
    : newest;
}
