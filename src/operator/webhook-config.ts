import { CLOUD_PLURAL } from "../api/cloud.ts";
import { GROUP, LABEL, MANAGED_BY, SYSTEM_NAMESPACE, VERSION, WEBHOOK_CONFIGURATION } from "../api/names.ts";
import { APPROVAL_PLURAL } from "../api/plan.ts";
import { JUDGED_FIELDS } from "../options/index.ts";
import { APPROVED_BY } from "../plan/approval.ts";
import type { Manifest } from "../workloads/contract.ts";

/** Service before the operators' pods, and the port on which they serve it. */
export const WEBHOOK_SERVICE = "underpin-webhook";
export const WEBHOOK_PORT = 9443;
/** Secret with the certificate that they serve it by, in the operator's namespace. */
export const WEBHOOK_SECRET = "underpin-webhook-tls";
/** Where the options of a Cloud are judged, approvals and policies, and where approvals are stamped. */
export const WEBHOOK_PATHS = { options: "/validate", approvals: "/approve", stamp: "/stamp" } as const;
export type WebhookPath = (typeof WEBHOOK_PATHS)[keyof typeof WEBHOOK_PATHS];
/** Longer than a full Cloud takes to be judged by a busy operator; a user waits no longer. */
const TIMEOUT_SECONDS = 5;

const LABELS = {
  [LABEL.name]: "underpin-operator",
  [LABEL.managedBy]: MANAGED_BY,
  [LABEL.partOf]: "underpin",
} as const;

export interface WebhookGiven {
  /** Where the API server reaches the webhook in tests, without the path; else by the Service. */
  readonly url?: string;
  /** The operator's namespace: without it nobody could answer, and then nobody is to be asked either. */
  readonly owner?: { readonly name: string; readonly uid: string };
}

/**
 * Asks for each Cloud that is made, and for each whose release, images, options or policy of changes change; and for each
 * PlanApproval. Whatever else is done does not depend on it: deletion, finalizers, status, labels, other fields, pausing.
 */
export function webhookConfiguration(caBundle: string, given: WebhookGiven = {}): Manifest {
  return configuration(
    "ValidatingWebhookConfiguration",
    given,
    [
      webhook(WEBHOOK_CONFIGURATION, WEBHOOK_PATHS.options, CLOUD_PLURAL, optionsChanged()),
      webhook(`changes.${WEBHOOK_CONFIGURATION}`, WEBHOOK_PATHS.approvals, CLOUD_PLURAL, policyChanged()),
      webhook(`${APPROVAL_PLURAL}.${GROUP}`, WEBHOOK_PATHS.approvals, APPROVAL_PLURAL, approvalChanged()),
    ].map((one) => one(caBundle, given)),
  );
}

/** Has each approval stamped with who gave it, and the stamps of others put back. */
export function stampConfiguration(caBundle: string, given: WebhookGiven = {}): Manifest {
  return configuration(
    "MutatingWebhookConfiguration",
    given,
    [
      webhook(`stamp.${WEBHOOK_CONFIGURATION}`, WEBHOOK_PATHS.stamp, CLOUD_PLURAL, planApproved()),
      webhook(`stamp.${APPROVAL_PLURAL}.${GROUP}`, WEBHOOK_PATHS.stamp, APPROVAL_PLURAL, approvalChanged()),
    ].map((one) => ({ ...one(caBundle, given), reinvocationPolicy: "Never" })),
  );
}

function configuration(kind: string, { owner }: WebhookGiven, webhooks: readonly unknown[]): Manifest {
  const owners = owner === undefined ? {} : { ownerReferences: [{ apiVersion: "v1", kind: "Namespace", ...owner }] };
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind,
    metadata: { name: WEBHOOK_CONFIGURATION, labels: LABELS, ...owners },
    webhooks,
  };
}

type Webhook = (caBundle: string, given: WebhookGiven) => Readonly<Record<string, unknown>>;

function webhook(name: string, path: WebhookPath, resource: string, changed: string): Webhook {
  return (caBundle, { url }) => ({
    name,
    clientConfig: {
      ...(url === undefined
        ? { service: { namespace: SYSTEM_NAMESPACE, name: WEBHOOK_SERVICE, path, port: 443 } }
        : { url: `${url}${path}` }),
      caBundle: Buffer.from(caBundle).toString("base64"),
    },
    rules: [
      {
        apiGroups: [GROUP],
        apiVersions: [VERSION],
        operations: ["CREATE", "UPDATE"],
        resources: [resource],
        scope: "Namespaced",
      },
    ],
    matchConditions: [
      { name: "not-deleted", expression: "!has(object.metadata.deletionTimestamp)" },
      { name: "changed", expression: changed },
    ],
    matchPolicy: "Equivalent",
    failurePolicy: "Fail",
    sideEffects: "None",
    timeoutSeconds: TIMEOUT_SECONDS,
    admissionReviewVersions: ["v1"],
  });
}

/** Fields of `spec.change` by which plans wait; whoever pauses a Cloud asks nobody. */
const POLICY_FIELDS = ["approval", "automaticUpTo", "windows", "freeze", "approvedPlan"];

/** The value of a field now and before differ, each missing where it is not there. Before admission nothing is sure to be. */
function differs(path: string): string {
  return `object${path} != (oldObject == null ? optional.none() : oldObject${path})`;
}

const STAMP = differs(`.?metadata.?annotations[?"${APPROVED_BY}"]`);

/** The Cloud approves another plan, or its stamp is another. */
function planApproved(): string {
  return `${differs(".?spec.?change.?approvedPlan")} || ${STAMP}`;
}

/** What the Cloud's changes wait for is another, or its stamp is. */
function policyChanged(): string {
  const fields = POLICY_FIELDS.map((field) => `"${field}"`).join(", ");
  return `[${fields}].exists(f, ${differs(".?spec.?change[?f]")}) || ${STAMP}`;
}

/** A PlanApproval is new, or its stamp is another; nothing else of it ever changes. */
function approvalChanged(): string {
  return `oldObject == null || ${STAMP}`;
}

/** The Cloud is new, or something changed that is judged. */
function optionsChanged(): string {
  const moved = (path: string): string => `object.spec.?${path} != oldObject.spec.?${path}`;
  const fields = JUDGED_FIELDS.map((field) => `"${field}"`).join(", ");
  const inServices = `object.spec.?services.orValue({}).exists(s, [${fields}].exists(f, object.spec.?services[?s][?f] != oldObject.spec.?services[?s][?f]))`;
  const gone = `oldObject.spec.?services.orValue({}).exists(s, [${fields}].exists(f, object.spec.?services[?s][?f] != oldObject.spec.?services[?s][?f]))`;
  const changes = [moved("release"), moved("images"), moved("compute"), inServices, gone];
  return `oldObject == null || ${changes.join(" || ")}`;
}

/** The Service by which the API server reaches the operators' pods. */
export function webhookService(): Manifest {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: WEBHOOK_SERVICE, namespace: SYSTEM_NAMESPACE, labels: LABELS },
    spec: {
      type: "ClusterIP",
      selector: { [LABEL.name]: "underpin-operator" },
      ports: [{ name: "webhook", port: 443, targetPort: WEBHOOK_PORT, protocol: "TCP" }],
    },
  };
}
