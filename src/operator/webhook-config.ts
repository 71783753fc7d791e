import { CLOUD_PLURAL } from "../api/cloud.ts";
import { GROUP, LABEL, MANAGED_BY, SYSTEM_NAMESPACE, VERSION, WEBHOOK_CONFIGURATION } from "../api/names.ts";
import { JUDGED_FIELDS } from "../options/index.ts";
import type { Manifest } from "../workloads/contract.ts";

/** Service before the operators' pods, and the port on which they serve it. */
export const WEBHOOK_SERVICE = "underpin-webhook";
export const WEBHOOK_PORT = 9443;
/** Secret with the certificate that they serve it by, in the operator's namespace. */
export const WEBHOOK_SECRET = "underpin-webhook-tls";
export const WEBHOOK_PATH = "/validate";
/** Longer than a full Cloud takes to be judged by a busy operator; a user waits no longer. */
const TIMEOUT_SECONDS = 5;

const LABELS = {
  [LABEL.name]: "underpin-operator",
  [LABEL.managedBy]: MANAGED_BY,
  [LABEL.partOf]: "underpin",
} as const;

/** How the API server reaches the webhook: by its Service, or, in tests, by an address. */
export type WebhookClient = { readonly service: Readonly<Record<string, unknown>> } | { readonly url: string };

const BY_SERVICE: WebhookClient = {
  service: { namespace: SYSTEM_NAMESPACE, name: WEBHOOK_SERVICE, path: WEBHOOK_PATH, port: 443 },
};

/**
 * Asks the webhook for each Cloud that is made, and for each whose release, images or options change. Whatever else is
 * done with a Cloud does not depend on it: deletion, finalizers, status, labels, other fields.
 */
export function webhookConfiguration(
  caBundle: string,
  given: { readonly client?: WebhookClient; readonly owner?: { readonly name: string; readonly uid: string } } = {},
): Manifest {
  const owner = given.owner === undefined ? [] : [{ apiVersion: "v1", kind: "Namespace", ...given.owner }];
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingWebhookConfiguration",
    metadata: {
      name: WEBHOOK_CONFIGURATION,
      labels: LABELS,
      // Without the operator's namespace nobody could answer: then nobody is to be asked either.
      ...(owner.length === 0 ? {} : { ownerReferences: owner }),
    },
    webhooks: [
      {
        name: WEBHOOK_CONFIGURATION,
        clientConfig: { ...(given.client ?? BY_SERVICE), caBundle: Buffer.from(caBundle).toString("base64") },
        rules: [
          {
            apiGroups: [GROUP],
            apiVersions: [VERSION],
            operations: ["CREATE", "UPDATE"],
            resources: [CLOUD_PLURAL],
            scope: "Namespaced",
          },
        ],
        matchConditions: [
          { name: "not-deleted", expression: "!has(object.metadata.deletionTimestamp)" },
          { name: "options-changed", expression: optionsChanged() },
        ],
        matchPolicy: "Equivalent",
        failurePolicy: "Fail",
        sideEffects: "None",
        timeoutSeconds: TIMEOUT_SECONDS,
        admissionReviewVersions: ["v1"],
      },
    ],
  };
}

/** The Cloud is new, or something changed that is judged. */
function optionsChanged(): string {
  const differs = (path: string): string => `object.spec.?${path} != oldObject.spec.?${path}`;
  const fields = JUDGED_FIELDS.map((field) => `"${field}"`).join(", ");
  const inServices = `object.spec.?services.orValue({}).exists(s, [${fields}].exists(f, object.spec.?services[?s][?f] != oldObject.spec.?services[?s][?f]))`;
  const gone = `oldObject.spec.?services.orValue({}).exists(s, [${fields}].exists(f, object.spec.?services[?s][?f] != oldObject.spec.?services[?s][?f]))`;
  const changes = [differs("release"), differs("images"), differs("compute"), inServices, gone];
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
