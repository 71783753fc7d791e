import type {
  ApplyOptions,
  DeleteOptions,
  KubeClient,
  KubeList,
  ListQuery,
  LogOptions,
  Patch,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from "./client.ts";
import type { ClusterConfig } from "./config.ts";
import { isNotFound, KubeError, type StatusBody } from "./errors.ts";
import { Resources } from "./resources.ts";
import { type Call, Transport, type TransportOptions } from "./transport.ts";
import { type Desired, type KubeObject, type ObjectRef, refOf } from "./types.ts";

const PAGE = 500;
const IDLE_MS = 120_000;

export function createClient(config: ClusterConfig, options: TransportOptions = {}): KubeClient {
  return new HttpKubeClient(new Transport(config, options));
}

class HttpKubeClient implements KubeClient {
  readonly #transport: Transport;
  readonly #resources: Resources;

  constructor(transport: Transport) {
    this.#transport = transport;
    this.#resources = new Resources((path) => transport.json({ method: "GET", path }));
  }

  async get<T extends KubeObject>(ref: ObjectRef, signal?: AbortSignal): Promise<T | undefined> {
    try {
      return (await this.raw({ method: "GET", path: await this.#path(ref), ...(signal && { signal }) })) as T;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async list<T extends KubeObject>(query: ListQuery, signal?: AbortSignal): Promise<KubeList<T>> {
    const base = await this.#resources.path(query, query.namespace);
    const items: T[] = [];
    let next: string | undefined;
    let resourceVersion: string;
    do {
      const path = withQuery(base, { ...selectors(query), limit: PAGE, continue: next });
      const page = (await this.raw({ method: "GET", path, ...(signal && { signal }) })) as RawList;
      // Items of a list carry no kind of their own.
      for (const item of page.items) items.push({ ...item, apiVersion: query.apiVersion, kind: query.kind } as T);
      resourceVersion = page.metadata.resourceVersion;
      next = page.metadata.continue;
    } while (next);
    return { resourceVersion, items };
  }

  async create<T extends KubeObject>(object: Desired, options: WriteOptions = {}): Promise<T> {
    const path = await this.#resources.path(object, object.metadata.namespace);
    return (await this.raw({ method: "POST", path: withQuery(path, writeQuery(options)), body: object })) as T;
  }

  async delete(ref: ObjectRef, options: DeleteOptions = {}): Promise<boolean> {
    const { uid, resourceVersion } = options;
    const body = {
      apiVersion: "v1",
      kind: "DeleteOptions",
      propagationPolicy: options.propagation ?? "Background",
      ...(uid || resourceVersion ? { preconditions: { uid, resourceVersion } } : {}),
      ...(options.gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds: options.gracePeriodSeconds }),
      ...(options.dryRun ? { dryRun: ["All"] } : {}),
    };
    try {
      await this.raw({ method: "DELETE", path: await this.#path(ref), body });
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  async patch<T extends KubeObject>(ref: ObjectRef, patch: Patch, options: WriteOptions = {}): Promise<T> {
    const contentType = `application/${patch.type === "merge" ? "merge-patch" : "json-patch"}+json`;
    return (await this.#patch(ref, { body: patch.value, contentType }, options)) as T;
  }

  async apply<T extends KubeObject>(object: Desired, options: ApplyOptions): Promise<T> {
    // JSON is YAML, and applying twice is applying once.
    const sent = { body: object, contentType: "application/apply-patch+yaml", idempotent: true };
    return (await this.#patch(refOf(object), sent, options)) as T;
  }

  async *watch<T extends KubeObject>(query: ListQuery, options: WatchOptions): AsyncGenerator<WatchEvent<T>> {
    const base = await this.#resources.path(query, query.namespace);
    const { resourceVersion, timeoutSeconds } = options;
    const wanted = { ...selectors(query), watch: 1, allowWatchBookmarks: true, resourceVersion, timeoutSeconds };
    const path = withQuery(base, wanted);
    for await (const line of this.#lines(path, options.signal, options.idleMs ?? IDLE_MS)) {
      const event = JSON.parse(line) as WatchEvent<T> | { type: "ERROR"; object: StatusBody & { code?: number } };
      if (event.type === "ERROR") throw new KubeError(`GET ${path}`, event.object.code ?? 0, event.object);
      yield event;
    }
  }

  async logs(pod: { namespace: string; name: string }, options: LogOptions = {}): Promise<string> {
    return this.text({
      method: "GET",
      path: logPath(pod, options, false),
      ...(options.signal && { signal: options.signal }),
    });
  }

  followLogs(
    pod: { namespace: string; name: string },
    options: LogOptions & { signal: AbortSignal },
  ): AsyncIterable<string> {
    return this.#lines(logPath(pod, options, true), options.signal);
  }

  raw(call: Call): Promise<unknown> {
    return this.#transport.json(call);
  }

  text(call: Call): Promise<string> {
    return this.#transport.call(call);
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  #path(ref: ObjectRef): Promise<string> {
    return this.#resources.path(ref, ref.namespace, ref.name);
  }

  async #patch(ref: ObjectRef, sent: Omit<Call, "method" | "path">, options: WriteOptions): Promise<unknown> {
    const path = (await this.#path(ref)) + (options.subresource === undefined ? "" : `/${options.subresource}`);
    const signal = options.signal && { signal: options.signal };
    return this.raw({ method: "PATCH", path: withQuery(path, writeQuery(options)), ...sent, ...signal });
  }

  /** Lines of a stream. The connection is closed when the reader stops, for whatever reason. */
  async *#lines(path: string, signal: AbortSignal, idleMs?: number): AsyncGenerator<string> {
    const stop = new AbortController();
    let stalled = false;
    const stall = (): void => {
      stalled = true;
      stop.abort();
    };
    const timer = idleMs === undefined ? undefined : setTimeout(stall, idleMs);
    try {
      const either = AbortSignal.any([signal, stop.signal]);
      const stream = await this.#transport.stream({ method: "GET", path, signal: either });
      let rest = "";
      const decoder = new TextDecoder();
      for await (const chunk of stream) {
        timer?.refresh();
        const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
        rest = lines.pop() ?? "";
        yield* lines;
      }
      if (rest !== "") yield rest;
    } catch (cause) {
      if (signal.aborted) return;
      if (cause instanceof KubeError) throw cause;
      const reason = stalled ? "Stalled" : "Unreachable";
      const message = stalled ? `nothing came for ${idleMs} ms` : `the stream broke: ${String(cause)}`;
      throw new KubeError(`GET ${path}`, 0, { reason, message }, cause);
    } finally {
      clearTimeout(timer);
      stop.abort();
    }
  }
}

interface RawList {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly Omit<KubeObject, "apiVersion" | "kind">[];
}

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

function withQuery(path: string, query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text === "" ? path : `${path}?${text}`;
}

function selectors({ labelSelector, fieldSelector }: ListQuery): Query {
  return { labelSelector, fieldSelector };
}

function writeQuery(options: WriteOptions & { force?: boolean }): Query {
  return {
    fieldManager: options.fieldManager,
    force: options.force,
    dryRun: options.dryRun ? "All" : undefined,
    // A misspelt field is an error, not silence.
    fieldValidation: "Strict",
  };
}

function logPath(pod: { namespace: string; name: string }, options: LogOptions, follow: boolean): string {
  const { container, tailLines, sinceSeconds, previous } = options;
  const path = `/api/v1/namespaces/${encodeURIComponent(pod.namespace)}/pods/${encodeURIComponent(pod.name)}/log`;
  return withQuery(path, { container, tailLines, sinceSeconds, previous, follow: follow || undefined });
}
