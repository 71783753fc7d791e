/** The names that are frozen: group, version, field manager, finalizer, labels, annotations. */
export const GROUP = "underpin.dev";
export const VERSION = "v1alpha1";
export const API_VERSION = `${GROUP}/${VERSION}`;

/** Field manager of everything that the operator writes. */
export const FIELD_MANAGER = "underpin-operator";
/** Field manager of what the CLI writes: CRDs, the operator's install and the Cloud. */
export const CLI_FIELD_MANAGER = "underpin-cli";
export const FINALIZER = `${GROUP}/cloud`;

/** Namespace of the operator and of what it needs to start. */
export const SYSTEM_NAMESPACE = "underpin-system";

/** Secret in a Cloud's namespace with a second copy of all that was generated for it. */
export const VAULT_SECRET = "underpin-vault";

/** Name of the one ValidatingWebhookConfiguration, and of its webhook. */
export const WEBHOOK_CONFIGURATION = `clouds.${GROUP}`;

export const LABEL = {
  name: "app.kubernetes.io/name",
  component: "app.kubernetes.io/component",
  instance: "app.kubernetes.io/instance",
  partOf: "app.kubernetes.io/part-of",
  managedBy: "app.kubernetes.io/managed-by",
  /** On a node: the Cloud (`namespace.name`) that it belongs to. */
  cloud: `${GROUP}/cloud`,
  /** On what holds the content of a Plan: its name. */
  plan: `${GROUP}/plan`,
} as const;

export const MANAGED_BY = "underpin";

/** Namespace of what must touch the host, for a Cloud in `namespace`. */
export function nodesNamespace(namespace: string): string {
  return `${namespace}-nodes`;
}
