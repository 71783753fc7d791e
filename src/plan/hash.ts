import { type Manifest, objectKey } from "../api/manifest.ts";
import { contentHash } from "../content/canonical.ts";
import { ownedFields } from "./owned.ts";
import { comparable, type Keyed } from "./secrets.ts";

/** What a plan stands on: when any of it moves, the plan is another. */
export interface Ground {
  /** The Cloud as it would be. */
  readonly cloud: {
    readonly namespace: string;
    readonly name: string;
    /** In which the spec outside `change` changed last. */
    readonly generation: number;
    /** Without `change`: an approval does not make another plan of what it approves. */
    readonly spec: unknown;
  };
  /** Uid of the Cloud's namespace: a plan of another cluster is another. Empty when there is none yet. */
  readonly home: string;
  /** The operator that would carry it out. */
  readonly operator: string;
  /** Reference of each image by name: it names the content, and with it the schemas that its programs bring. */
  readonly images: Readonly<Record<string, string>>;
  /** Hash of the release's options. */
  readonly catalogue: string;
  /** Nodes that run guests: their objects belong to no step. */
  readonly hypervisors: readonly string[];
  /** Hash of each step, with all objects of the Cloud. */
  readonly steps: Readonly<Record<string, string>>;
  /** All objects of the Cloud as they are, with their `managedFields`. */
  readonly live: readonly Manifest[];
  /** Whose fields count. */
  readonly manager: string;
}

/** Hex SHA-256 of the ground. Fields of other managers, status and the order of objects do not change it. Pure. */
export function groundHash(ground: Ground, keyed: Keyed): string {
  const { live, manager, ...rest } = ground;
  const objects = live.map((object): [string, unknown] => {
    const hidden = comparable(object, keyed);
    const managed = { ...hidden, metadata: { ...hidden.metadata, managedFields: object.metadata["managedFields"] } };
    return [objectKey(object), ownedFields(managed, manager)];
  });
  return contentHash({ ...rest, live: objects.toSorted(([a], [b]) => (a < b ? -1 : 1)) });
}
