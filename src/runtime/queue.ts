// runtime: runs reconcilers: keyed queue, controllers, manager, health, metrics, events. Knows no OpenStack.

/**
 * Keys that want a worker. A key is in the queue once however often it is added, is worked on by one worker at a time,
 * and comes back after its run when it was added meanwhile: every add is followed by a run that starts later.
 */
export class KeyedQueue<Key> {
  readonly #onReady: () => void;
  readonly #ready = new Set<Key>();
  readonly #running = new Set<Key>();
  readonly #again = new Set<Key>();
  readonly #later = new Map<Key, { at: number; timer: NodeJS.Timeout }>();
  #closed = false;

  /** `onReady` is called whenever `take` may have something new to give. */
  constructor(onReady: () => void) {
    this.#onReady = onReady;
  }

  /** Keys that wait for a worker now. */
  get depth(): number {
    return this.#ready.size + this.#again.size;
  }

  get running(): number {
    return this.#running.size;
  }

  add(key: Key): void {
    if (this.#closed) return;
    this.#forgetLater(key);
    if (this.#running.has(key)) {
      this.#again.add(key);
    } else {
      this.#ready.add(key);
      this.#onReady();
    }
  }

  /** Adds the key after `ms` milliseconds, unless it is added sooner. */
  addAfter(key: Key, ms: number): void {
    if (this.#closed) return;
    const at = performance.now() + ms;
    if ((this.#later.get(key)?.at ?? Number.POSITIVE_INFINITY) <= at) return;
    this.#forgetLater(key);
    this.#later.set(key, { at, timer: setTimeout(() => this.add(key), ms) });
  }

  /** The next key, now running; call `done` when its run is over. */
  take(): Key | undefined {
    for (const key of this.#ready) {
      this.#ready.delete(key);
      this.#running.add(key);
      return key;
    }
    return undefined;
  }

  done(key: Key): void {
    this.#running.delete(key);
    if (this.#again.delete(key)) this.add(key);
  }

  /** Forgets all that waits; what runs may end. */
  close(): void {
    this.#closed = true;
    for (const { timer } of this.#later.values()) clearTimeout(timer);
    this.#later.clear();
    this.#ready.clear();
    this.#again.clear();
  }

  #forgetLater(key: Key): void {
    clearTimeout(this.#later.get(key)?.timer);
    this.#later.delete(key);
  }
}
