// Objects that hold content: ConfigMaps, Secrets and claims.
import type { BuildInput, Manifest } from "../contract.ts";
import { cloudNamespace, contentName, metadata, type Owner } from "./names.ts";
import { canonicalQuantity } from "./quantity.ts";
import type { ClaimSpec } from "./types.ts";

export type Data = Readonly<Record<string, string>>;

/** An immutable ConfigMap named by its content: a changed content is a new object, so that a rollout is the diff. */
export function contentConfigMap(owner: Owner, prefix: string, data: Data): Manifest {
  const name = contentName(prefix, data);
  return { apiVersion: "v1", kind: "ConfigMap", metadata: metadata(owner, name), immutable: true, data: { ...data } };
}

/** An immutable Secret named by its content. The name holds ten digits of a hash of the values together with what surrounds them. */
export function contentSecret(owner: Owner, prefix: string, data: Data): Manifest {
  return { ...secret(owner, contentName(prefix, data), data), immutable: true };
}

/** A ConfigMap of a fixed name, which may change in place. */
export function configMap(owner: Owner, name: string, data: Data): Manifest {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: metadata(owner, name), data: { ...data } };
}

/** A Secret of a fixed name; its values are given as plain text. */
export function secret(owner: Owner, name: string, data: Data): Manifest {
  const encoded = Object.fromEntries(Object.entries(data).map(([key, value]) => [key, base64(value)]));
  return { apiVersion: "v1", kind: "Secret", metadata: metadata(owner, name), type: "Opaque", data: encoded };
}

export interface ClaimOptions {
  readonly size: string;
  readonly className?: string | undefined;
}

/** Specification of a ReadWriteOnce claim, for a claim of its own or a StatefulSet's template. */
export function claimSpec(options: ClaimOptions): ClaimSpec {
  return {
    accessModes: ["ReadWriteOnce"],
    resources: { requests: { storage: canonicalQuantity(options.size) } },
    ...(options.className === undefined ? {} : { storageClassName: options.className }),
  };
}

export function persistentVolumeClaim(owner: Owner, name: string, options: ClaimOptions): Manifest {
  return { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: metadata(owner, name), spec: claimSpec(options) };
}

/** Name of the ConfigMap with the Cloud's certificate authority (key `ca.crt`), in each of the Cloud's namespaces. */
export const CA_CONFIG_MAP = "underpin-ca";
/** Where pods find the certificate authority. */
export const CA_FILE = "/etc/underpin/ca/ca.crt";

export function caConfigMap(input: BuildInput, namespace: string = cloudNamespace(input)): Manifest {
  const owner = { input, workload: "gateway", name: CA_CONFIG_MAP, namespace };
  return configMap(owner, CA_CONFIG_MAP, { "ca.crt": input.facts.caCertificate });
}

function base64(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}
