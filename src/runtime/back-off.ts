/** Waiting times of keys that fail: they double with each failure, with jitter, up to a limit. */
export class BackOff<Key> {
  readonly #failures = new Map<Key, number>();
  readonly #firstMs: number;
  readonly #longestMs: number;
  readonly #random: () => number;

  constructor(firstMs = 200, longestMs = 60_000, random = Math.random) {
    this.#firstMs = firstMs;
    this.#longestMs = longestMs;
    this.#random = random;
  }

  /** Counts a failure and gives the milliseconds to wait: between half and the whole of the current step. */
  next(key: Key): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const step = Math.min(this.#longestMs, this.#firstMs * 2 ** failures);
    return step * (0.5 + this.#random() / 2);
  }

  forget(key: Key): void {
    this.#failures.delete(key);
  }

  failures(key: Key): number {
    return this.#failures.get(key) ?? 0;
  }
}
