import type { Kind } from "../kube/types.ts";

/** Kinds of the objects in the namespaces of a Cloud: those that builders emit, and our own. */
export const CLOUD_KINDS: readonly Kind[] = [
  { apiVersion: "v1", kind: "ConfigMap" },
  { apiVersion: "v1", kind: "Secret" },
  { apiVersion: "v1", kind: "Service" },
  { apiVersion: "v1", kind: "PersistentVolumeClaim" },
  { apiVersion: "apps/v1", kind: "Deployment" },
  { apiVersion: "apps/v1", kind: "StatefulSet" },
  { apiVersion: "apps/v1", kind: "DaemonSet" },
  { apiVersion: "batch/v1", kind: "Job" },
  { apiVersion: "policy/v1", kind: "PodDisruptionBudget" },
  { apiVersion: "underpin.dev/v1alpha1", kind: "Hypervisor" },
];
