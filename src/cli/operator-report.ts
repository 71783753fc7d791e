import type { Cloud } from "../api/cloud.ts";
import { SYSTEM_NAMESPACE } from "../api/names.ts";
import type { KubeClient } from "../kube/client.ts";
import { isReason } from "../kube/errors.ts";
import { readiness } from "../kube/ready.ts";
import { fieldAt, type KubeObject } from "../kube/types.ts";
import type { Wrong } from "./status-report.ts";

const OPERATOR = { apiVersion: "apps/v1", kind: "Deployment", namespace: SYSTEM_NAMESPACE, name: "underpin-operator" };

/** That the operator does not run, and what follows; nothing before its installation, or for who may not look. */
export async function wrongOperator(kube: KubeClient): Promise<readonly Wrong[]> {
  try {
    return operatorWrong(await kube.get(OPERATOR));
  } catch (error) {
    if (isReason(error, "Forbidden")) return [];
    throw error;
  }
}

export function operatorWrong(deployment: KubeObject | undefined): readonly Wrong[] {
  if (deployment === undefined) return [];
  if (Number(fieldAt(deployment, "status", "availableReplicas") ?? 0) > 0) return [];
  const { state, message } = readiness(deployment);
  const reason = state === "ready" ? "It was scaled to nothing" : message;
  const why = `it does not run: nothing is repaired, and changes of a Cloud's options are refused. ${reason}`;
  return [
    { what: "operator", why, next: `underpin kubectl -n ${SYSTEM_NAMESPACE} describe deployment ${OPERATOR.name}` },
  ];
}

/** What the operator says of the webhook by which changes of a Cloud's options are judged. */
export function wrongAdmission(clouds: readonly Cloud[]): readonly Wrong[] {
  const lost = clouds.flatMap((cloud) => {
    const found = cloud.status?.conditions?.find(({ type, status }) => type === "Admission" && status === "False");
    return found === undefined ? [] : [found];
  });
  const [first] = lost;
  if (first === undefined) return [];
  const next = `underpin kubectl -n ${SYSTEM_NAMESPACE} logs deployment/${OPERATOR.name}`;
  return [{ what: "admission", why: first.message, since: first.lastTransitionTime, next }];
}
