import { z } from "zod";
import { GROUP } from "../../api/names.ts";
import { APPROVE_VERB, PLAN_PLURAL } from "../../api/plan.ts";
import type { KubeClient } from "../../kube/client.ts";
import { APPROVER_ROLE } from "../people.ts";
import type { Requester } from "./request.ts";

const answer = z.object({ status: z.object({ allowed: z.boolean(), denied: z.boolean().default(false) }) });

/** Whether a user may approve this Plan, or without a name every plan of the namespace. Throws KubeError, ZodError. */
export async function mayApprove(
  client: KubeClient,
  user: Requester,
  where: { readonly namespace: string; readonly plan?: string | undefined },
): Promise<boolean> {
  const { username, groups, extra, uid } = user;
  const { namespace, plan } = where;
  const asked = { namespace, group: GROUP, resource: PLAN_PLURAL, verb: APPROVE_VERB, ...(plan && { name: plan }) };
  const { status } = answer.parse(
    await client.raw({
      method: "POST",
      path: "/apis/authorization.k8s.io/v1/subjectaccessreviews",
      body: {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SubjectAccessReview",
        spec: { user: username, groups, extra, ...(uid && { uid }), resourceAttributes: asked },
      },
      // It stores nothing.
      idempotent: true,
    }),
  );
  return status.allowed && !status.denied;
}

/** Why a write is refused to a user who may not approve, and what to ask for. Pure. */
export function mayNotWords(user: Requester, namespace: string, doing: string): string {
  const rule = `{apiGroups: ["${GROUP}"], resources: ["${PLAN_PLURAL}"], verbs: ["${APPROVE_VERB}"]}`;
  return (
    `${user.username} may not ${APPROVE_VERB} ${PLAN_PLURAL}.${GROUP} in namespace ${namespace}, which ${doing} needs. ` +
    `Ask an administrator for the ClusterRole ${APPROVER_ROLE} in this namespace, or for a Role with the rule ${rule}`
  );
}
