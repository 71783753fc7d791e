import { Cache } from "../kube/cache.ts";
import type { KubeClient } from "../kube/client.ts";
import type { KubeObject, ObjectRef } from "../kube/types.ts";

export interface UntilOptions {
  readonly done: (object: KubeObject | undefined) => boolean;
  /** Told of each version of the object. */
  readonly onChange?: (object: KubeObject | undefined) => void;
  /** Other objects whose changes are a reason to ask `done` again. */
  readonly also?: Cache;
  readonly timeoutMs: number;
  /** For the message: `waiting for <what>`. */
  readonly what: string;
  /** For the message: how it stood when time was up; by default its status. */
  readonly stands?: (object: KubeObject | undefined) => string;
  readonly signal?: AbortSignal;
}

/** What was waited for did not come in time. */
export class WaitError extends Error {
  readonly next: string;
  constructor(what: string, seconds: number, last: string) {
    super(`waited ${seconds} s for ${what}; last seen: ${last}`);
    this.name = "WaitError";
    this.next = "See what is wrong with: underpin status. Running the command again goes on from here.";
  }
}

/** Watches one object until `done`; throws WaitError when that takes too long. Nothing is polled. */
export async function watchUntil(
  client: KubeClient,
  ref: ObjectRef,
  options: UntilOptions,
): Promise<KubeObject | undefined> {
  const { apiVersion, kind, name, namespace } = ref;
  const query = { apiVersion, kind, fieldSelector: `metadata.name=${name}` };
  const cache = new Cache(client, namespace === undefined ? query : { ...query, namespace });
  const result = Promise.withResolvers<KubeObject | undefined>();
  const look = (): void => {
    if (!cache.synced) return;
    const object = cache.get(name, namespace);
    options.onChange?.(object);
    if (options.done(object)) result.resolve(object);
  };
  const timer = setTimeout(() => {
    result.reject(new WaitError(options.what, options.timeoutMs / 1000, stands(cache.get(name, namespace), options)));
  }, options.timeoutMs);
  const abort = (): void => result.reject(new DOMException("interrupted", "AbortError"));
  options.signal?.addEventListener("abort", abort, { once: true });
  try {
    cache.subscribe(look);
    options.also?.subscribe(look);
    cache.start();
    return await result.promise;
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", abort);
    await cache.close();
  }
}

function stands(object: KubeObject | undefined, options: UntilOptions): string {
  const status = JSON.stringify(object?.["status"] ?? "nothing").slice(0, 300);
  try {
    return options.stands?.(object) ?? status;
  } catch {
    return status; // an object that this version cannot read
  }
}
