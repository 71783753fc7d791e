import type { Call } from "./transport.ts";
import type { Desired, Kind, KubeObject, ObjectRef } from "./types.ts";

export interface ListQuery extends Kind {
  /** Absent: all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface KubeList<T extends KubeObject = KubeObject> {
  readonly resourceVersion: string;
  readonly items: readonly T[];
}

export interface WatchOptions {
  readonly resourceVersion: string;
  readonly signal: AbortSignal;
  /** Seconds after which the server ends the watch. */
  readonly timeoutSeconds?: number;
  /** Milliseconds without a byte (bookmarks come each minute) after which the watch counts as stalled. */
  readonly idleMs?: number;
}

export interface WatchEvent<T extends KubeObject = KubeObject> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
  readonly object: T;
}

export interface WriteOptions {
  readonly dryRun?: boolean;
  readonly fieldManager?: string;
  readonly subresource?: "status";
  readonly signal?: AbortSignal;
}

export interface ApplyOptions extends WriteOptions {
  readonly fieldManager: string;
  /** Take fields that another manager owns. Default false: throws `Conflict` with the managers as causes. */
  readonly force?: boolean;
}

export interface DeleteOptions {
  /** Default `Background`. */
  readonly propagation?: "Background" | "Foreground" | "Orphan";
  /** Delete only this very object. */
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly gracePeriodSeconds?: number;
  readonly dryRun?: boolean;
}

export type Patch =
  | { readonly type: "merge"; readonly value: Readonly<Record<string, unknown>> }
  | { readonly type: "json"; readonly value: readonly JsonPatchOperation[] };

export interface JsonPatchOperation {
  readonly op: "add" | "remove" | "replace" | "test";
  readonly path: string;
  readonly value?: unknown;
}

export interface LogOptions {
  readonly container?: string;
  readonly tailLines?: number;
  readonly sinceSeconds?: number;
  /** Of the container's previous run. */
  readonly previous?: boolean;
  readonly signal?: AbortSignal;
}

/** Everything that we do with a Kubernetes API. Each method throws KubeError. */
export interface KubeClient {
  /** Undefined when the object does not exist. An unknown kind throws `UnknownKind`. */
  get<T extends KubeObject = KubeObject>(ref: ObjectRef, signal?: AbortSignal): Promise<T | undefined>;
  /** All pages, of one resource version. */
  list<T extends KubeObject = KubeObject>(query: ListQuery, signal?: AbortSignal): Promise<KubeList<T>>;
  create<T extends KubeObject = KubeObject>(object: Desired, options?: WriteOptions): Promise<T>;
  /** False when there was nothing to delete. True: gone, or going (finalizers, grace period). */
  delete(ref: ObjectRef, options?: DeleteOptions): Promise<boolean>;
  patch<T extends KubeObject = KubeObject>(ref: ObjectRef, patch: Patch, options?: WriteOptions): Promise<T>;
  /** Server-side apply. Reconcilers use `Applier`, which skips writes that would change nothing. */
  apply<T extends KubeObject = KubeObject>(object: Desired, options: ApplyOptions): Promise<T>;
  /** Ends when the server ends the watch; throws KubeError (410: list again; `Stalled`: go on from the last version). */
  watch<T extends KubeObject = KubeObject>(query: ListQuery, options: WatchOptions): AsyncIterable<WatchEvent<T>>;
  logs(pod: { namespace: string; name: string }, options?: LogOptions): Promise<string>;
  /** Lines as they are written, until the container ends or `signal` aborts. */
  followLogs(
    pod: { namespace: string; name: string },
    options: LogOptions & { signal: AbortSignal },
  ): AsyncIterable<string>;
  /** Any other call; gives the answer parsed as JSON. */
  raw(call: Call): Promise<unknown>;
  /** The answer as text, for `/readyz` and the like. */
  text(call: Call): Promise<string>;
  close(): Promise<void>;
}
