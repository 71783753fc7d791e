import type { PodSecurityContext, SecurityContext } from "./types.ts";

/** Fixed user ids of the images. */
export const UID = {
  underpin: 42400,
  glance: 42415,
  mysql: 42434,
  neutron: 42435,
  nova: 42436,
  rabbitmq: 42439,
  haproxy: 42454,
  memcached: 42457,
  keystone: 42425,
  placement: 42482,
} as const;

/** A pod of the restricted level: it runs as `uid`, and volumes are readable by its group. */
export function restrictedPod(uid: number): PodSecurityContext {
  return {
    runAsNonRoot: true,
    runAsUser: uid,
    runAsGroup: uid,
    fsGroup: uid,
    // A volume that has the group already is not walked again at each start.
    fsGroupChangePolicy: "OnRootMismatch",
    seccompProfile: { type: "RuntimeDefault" },
  };
}

/** A container of the restricted level, with a root file system that cannot be written. */
export const RESTRICTED_CONTAINER: SecurityContext = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
};

/** For the nodes namespace only: what must touch the host. */
export const PRIVILEGED_CONTAINER: SecurityContext = { privileged: true };
