// workloads: one folder for each thing that we run; this file is the shape that all of them share.
import type { Cloud } from "../api/cloud.ts";
import type { Manifest } from "../api/manifest.ts";
import type { CatalogueOption } from "../oslo/catalogue.ts";
import type { Step } from "../api/step.ts";

export type { Manifest, ManifestMetadata, ObjectKey } from "../api/manifest.ts";
export { objectKey } from "../api/manifest.ts";
export type { ApplyStep, CallStep, Step, StepId } from "../api/step.ts";
export type { Cloud } from "../api/cloud.ts";

/** A secret that the operator generates once and keeps: a Secret of this name in the Cloud's namespace. One that exists beforehand wins. */
export interface CredentialRequest {
  /** Documented name of the Secret, `<workload>-<purpose>`, for example `keystone-database`. */
  readonly name: string;
  /** Each key of the Secret and how its value is made. */
  readonly keys: Readonly<Record<string, CredentialKind>>;
}

/**
 * - `password`: 32 characters of [A-Za-z0-9]
 * - `fernet-key`: urlsafe base64 of 32 random bytes
 * - `uuid`: a random UUID
 * - `ssh-key`: an ed25519 private key in OpenSSH form
 */
export type CredentialKind = "password" | "fernet-key" | "uuid" | "ssh-key";

/** A certificate from the Cloud's issuer: a Secret (type kubernetes.io/tls, keys `tls.crt`, `tls.key`, `ca.crt`) of this name in the Cloud's namespace. */
export interface CertificateRequest {
  readonly name: string;
  readonly commonName: string;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
}

/** What was observed and a builder needs; plain data. */
export interface Facts {
  /** Values of the credentials, by name and key. */
  readonly credentials: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** PEM of the Cloud's certificate authority. */
  readonly caCertificate: string;
  /** Hash of each certificate's current content: in a pod's annotations it rolls those that read it only at start. */
  readonly certificateHashes: Readonly<Record<string, string>>;
  /** The nodes of this Cloud's compute pools, in order of name. */
  readonly nodes: readonly NodeFacts[];
  /** Address and port where users reach the front door, without scheme: `10.90.0.11:30443`. */
  readonly publicEndpoint: string;
  /** Domain of the cluster's services, normally `cluster.local`. */
  readonly clusterDomain: string;
  /** Fixed cluster addresses by Service name, for clients that cannot resolve (OVS, ovn-controller): `ovn-nb`, `ovn-sb`. Absent until the Service exists. */
  readonly clusterIPs: Readonly<Record<string, string>>;
}

export interface NodeFacts {
  readonly name: string;
  readonly internalIP: string;
  readonly pool: string;
  /** The node can run guests with hardware virtualisation. */
  readonly kvm: boolean;
}

/** A release's data as far as builders need it. */
export interface ReleaseFacts {
  readonly name: string;
  /** Options of each service. A service that is not here: nothing is known, and every change of an option rolls all of its processes. */
  readonly options?: Readonly<Record<string, OptionFacts>>;
}

/** What is known of a service's options; each by `group.name`, the group in small letters but for `DEFAULT`. */
export interface OptionFacts {
  /** Options that oslo.config takes while a process runs. */
  readonly mutable: ReadonlySet<string>;
  /** Components whose processes read the option; one that is not here is read by all. Older names are here, too. */
  readonly readBy: ReadonlyMap<string, readonly string[]>;
  /** Options whose lists, maps or texts are written in a form of their own: a line for each value, brackets, quotes. */
  readonly formed: ReadonlyMap<string, CatalogueOption>;
}

/** Everything that a pure builder gets. */
export interface BuildInput {
  readonly cloud: Cloud;
  readonly release: ReleaseFacts;
  /** Full image reference by image name; the Cloud's overrides are applied already. */
  readonly images: Readonly<Record<string, string>>;
  readonly facts: Facts;
}

/** The one shape of every workload, so that reading one is reading all. */
export interface Workload {
  readonly name: string;
  /** Secrets that the operator makes before `build` is called. */
  credentials(cloud: Cloud): readonly CredentialRequest[];
  /** Certificates that the operator makes before `build` is called. */
  certificates(cloud: Cloud, facts: Pick<Facts, "publicEndpoint" | "clusterDomain">): readonly CertificateRequest[];
  /** All objects of this workload. Pure: no I/O, clock or randomness. */
  build(input: BuildInput): readonly Manifest[];
  /** The order in which they come to life. Objects that no step names are applied before all steps of this workload. */
  procedure(input: BuildInput, objects: readonly Manifest[]): readonly Step[];
  /** How this workload's part of the status is read from its objects. */
  observe(cloud: Cloud): Observation;
  /** Jobs that take from the nodes what the workload's pods left there, run when a Cloud is deleted and its pods are gone. */
  cleanup?(input: BuildInput, nodes: readonly string[]): readonly Manifest[];
}

export interface Observation {
  /** Objects that must be ready for the workload to be ready; none when the Cloud does not have it. */
  readonly ready: readonly string[];
  /** Path on the public endpoint, for example `/identity`; absent when the workload has no API. */
  readonly endpointPath?: string;
  /** The command that shows an operator more. */
  readonly next: string;
}
