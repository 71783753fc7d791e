import type { Cloud } from "../api/cloud.ts";
import { keyOf, refOf } from "../kube/types.ts";
import type { Plan } from "../plan/plan.ts";
import { MADE_LATER } from "../plan/secrets.ts";
import { foretell } from "./foretell.ts";
import { CannotPlanError } from "./look.ts";
import { type PlanTools, planWith } from "./planning.ts";
import { secretText, type Snapshot } from "./snapshot.ts";
import type { SnapshotFile } from "./snapshot-file.ts";
import type { SecretData } from "./vault.ts";

/** Stands instead of the hash of a plan that was made of a snapshot: it is no hash, so nobody can approve it. */
export const OFFLINE_HASH = "offline";

/**
 * What would probably happen if `candidate` were the Cloud, told from a snapshot and without any cluster. Throws
 * CannotPlanError when the snapshot is of another Cloud, or nothing can be planned.
 */
export async function planOffline(
  candidate: Cloud,
  file: SnapshotFile,
  tools: Pick<PlanTools, "workloads" | "catalogue" | "releases">,
): Promise<Plan> {
  const [wanted, known] = [candidate, file.cloud].map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  if (wanted !== known) throw new CannotPlanError(`the snapshot is of the Cloud ${known}, and the file has ${wanted}`);
  const { cloud, nodes, inventory, namespaces } = file;
  const objects = new Map(file.objects.map((object) => [keyOf(refOf(object)), object]));
  const snapshot: Snapshot = {
    cloud,
    nodes,
    inventory,
    objects,
    namespaces: new Map(namespaces.map((name) => [name, ""])),
  };
  const missing = new Set<string>();
  const plan = await planWith(
    candidate,
    { ...file.installed, ...tools },
    {
      snapshot,
      secret: (name) => Promise.resolve(secretOf(name, { candidate, file, snapshot, missing })),
      foresee: (manifests) => Promise.resolve(foretell(manifests, objects)),
      find: () => Promise.resolve(undefined),
    },
  );
  const { made, cluster, opaque } = file;
  const notes = [...notesOn(file, [...missing]), ...plan.notes];
  return { ...plan, hash: OFFLINE_HASH, approximate: { made, cluster, objects: opaque }, notes };
}

function notesOn({ made, cluster, opaque }: SnapshotFile, missing: readonly string[]): readonly string[] {
  return [
    `Approximate, and not to be approved: made of a snapshot of ${made}, of the cluster ${cluster}. The API server was not asked: its defaults and refusals are not seen, and names that follow from secrets are others.`,
    ...(opaque.length === 0
      ? []
      : [`Of these only a hash is known, what differs in them is not: ${opaque.join(", ")}`]),
    ...(missing.length === 0
      ? []
      : [`The snapshot does not have these Secrets, which the Cloud points to: ${missing.join(", ")}`]),
  ];
}

interface Reading {
  readonly candidate: Cloud;
  readonly file: SnapshotFile;
  readonly snapshot: Snapshot;
  readonly missing: Set<string>;
}

/** A Secret that the Cloud points to and the snapshot does not have is taken to be there. */
function secretOf(name: string, { candidate, file, snapshot, missing }: Reading): SecretData | undefined {
  const { namespace } = candidate.metadata;
  const known = secretText(snapshot.objects.get(`Secret/${namespace}/${name}`)) ?? file.secrets[name];
  const wanted = Object.values(candidate.spec.services).flatMap(({ secretOptions }) =>
    secretOptions.filter(({ secretRef }) => secretRef.name === name).map(({ secretRef }) => secretRef.key),
  );
  const added = wanted.filter((key) => known?.[key] === undefined);
  if (added.length === 0) return known;
  missing.add(name);
  return { ...known, ...Object.fromEntries(added.map((key) => [key, `${MADE_LATER}given:${name}.${key}`])) };
}
