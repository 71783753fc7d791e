// Flags that several verbs share, with kubectl's names.

/** `-f FILE`. */
export const fileFlag = {
  kind: "parsed",
  parse: String,
  brief: "File with the Cloud, or - for standard input",
  placeholder: "FILE",
} as const;

/** `-f FILE` of verbs that otherwise speak of a Cloud in a cluster. */
export const cloudFileFlag = {
  kind: "parsed",
  parse: String,
  optional: true,
  brief: "File with the Cloud instead of a cluster, or - for standard input",
  placeholder: "FILE",
} as const;

/** `-n NAMESPACE`. */
export const namespaceFlag = {
  kind: "parsed",
  parse: String,
  optional: true,
  brief: "Namespace of the Cloud; not needed while there is one",
  placeholder: "NAMESPACE",
} as const;

/** `--kubeconfig FILE`. */
export const kubeconfigFlag = {
  kind: "parsed",
  parse: String,
  optional: true,
  brief: "Kubeconfig file; default: the cluster on this machine, else $KUBECONFIG",
  placeholder: "FILE",
} as const;

/** `--context NAME`. */
export const contextFlag = {
  kind: "parsed",
  parse: String,
  optional: true,
  brief: "Context of the kubeconfig",
  placeholder: "NAME",
} as const;

/** `--release RELEASE`. */
export const releaseFlag = {
  kind: "parsed",
  parse: String,
  optional: true,
  brief: "OpenStack release, or the folder of an image's own catalogue; default: the one that this version runs",
  placeholder: "RELEASE",
} as const;

/** `--yes`. */
export const yesFlag = {
  kind: "boolean",
  default: false,
  withNegated: false,
  brief: "Do not ask; without a terminal nothing is asked anyway",
} as const;

/** `--yes` of what changes a running cloud: where nobody can be asked, it must be said. */
export const consentFlag = {
  kind: "boolean",
  default: false,
  withNegated: false,
  brief: "Do not ask; needed where there is no terminal to ask on",
} as const;

/** `--plan HASH`. */
export const planHashFlag = {
  kind: "parsed",
  parse: String,
  optional: true,
  brief: "Only if the plan made now has this whole hash; it is approved with it, and nothing is asked",
  placeholder: "HASH",
} as const;

/** `-o json`. */
export const jsonFlag = {
  kind: "enum",
  values: ["json"],
  optional: true,
  brief: "Form of the output: json",
} as const;

/** `-o json` of verbs that run long. */
export const eventsFlag = {
  kind: "enum",
  values: ["json"],
  optional: true,
  brief: "json: one event a line",
} as const;

export interface ClusterFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
}
