import { GROUP } from "../api/names.ts";
import { APPROVAL_PLURAL, APPROVE_VERB, PLAN_PLURAL } from "../api/plan.ts";
import type { PolicyRule } from "./rbac.ts";

/** Roles for people. Bound to nobody: an administrator says who gets them, and in which namespaces. */
export const VIEWER_ROLE = "underpin-viewer";
export const APPROVER_ROLE = "underpin-approver";

const READ = ["get", "list", "watch"] as const;

/** Everything of the group. No Secret is among it, and a Plan shows no secret's value. */
const VIEWER_RULES: readonly PolicyRule[] = [
  { apiGroups: [GROUP], resources: ["clouds", "hypervisors", PLAN_PLURAL, APPROVAL_PLURAL], verbs: READ },
];

const APPROVER_RULES: readonly PolicyRule[] = [
  ...VIEWER_RULES,
  // Candidates are made, plans that run are paused and aborted, what was aborted is planned anew when it is deleted.
  { apiGroups: [GROUP], resources: [PLAN_PLURAL], verbs: [APPROVE_VERB, "create", "patch", "delete"] },
  { apiGroups: [GROUP], resources: [APPROVAL_PLURAL], verbs: ["create", "delete"] },
];

export interface PeopleRole {
  readonly name: string;
  readonly rules: readonly PolicyRule[];
  /** Kubernetes' own roles that get the rules as well. */
  readonly aggregateTo: readonly string[];
}

/** Who may read a namespace may read its Plans; who may approve is said for each. */
export const PEOPLE_ROLES: readonly PeopleRole[] = [
  { name: VIEWER_ROLE, rules: VIEWER_RULES, aggregateTo: ["view", "edit", "admin"] },
  { name: APPROVER_ROLE, rules: APPROVER_RULES, aggregateTo: [] },
];
