import { LABEL, MANAGED_BY } from "../api/names.ts";
import type { Manifest } from "../workloads/contract.ts";
import type { SecretData } from "./vault.ts";

/** Value of the label that tells the part of which an object is, on credentials and certificates. */
export const CREDENTIAL = "credential";

/** The Secret of a credential or certificate of the Cloud; its values are given as plain text. Pure. */
export function secretManifest(
  cloud: { readonly name: string; readonly namespace: string },
  name: string,
  { data, type }: { readonly data: SecretData; readonly type: string },
): Manifest {
  const labels = { [LABEL.instance]: cloud.name, [LABEL.managedBy]: MANAGED_BY, [LABEL.component]: CREDENTIAL };
  const encoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "utf8").toString("base64")]);
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace: cloud.namespace, labels },
    type,
    data: Object.fromEntries(encoded),
  };
}
