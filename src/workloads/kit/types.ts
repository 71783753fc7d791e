// The API's types as plain data: in the generated client they are classes, which may not be spread.
import type {
  V1Container,
  V1EnvVar,
  V1Lifecycle,
  V1PersistentVolumeClaimSpec,
  V1PodSpec,
  V1Probe,
  V1SecurityContext,
  V1PodSecurityContext,
  V1Toleration,
  V1Volume,
  V1VolumeMount,
  V1VolumeProjection,
} from "@kubernetes/client-node";

type Plain<T> = Pick<T, keyof T>;

export type Container = Plain<V1Container>;
export type EnvVar = Plain<V1EnvVar>;
export type Lifecycle = Plain<V1Lifecycle>;
export type ClaimSpec = Plain<V1PersistentVolumeClaimSpec>;
export type PodSpec = Plain<V1PodSpec>;
export type Probe = Plain<V1Probe>;
export type SecurityContext = Plain<V1SecurityContext>;
export type PodSecurityContext = Plain<V1PodSecurityContext>;
export type Toleration = Plain<V1Toleration>;
export type Volume = Plain<V1Volume>;
export type VolumeMount = Plain<V1VolumeMount>;
export type VolumeProjection = Plain<V1VolumeProjection>;

export interface PodTemplate {
  readonly metadata: {
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: PodSpec;
}
