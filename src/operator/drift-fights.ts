/** Milliseconds in which repairs of the same change count together. */
const WINDOW_MS = 10 * 60_000;
/** Repairs at once, before waiting begins. Deletions come in bursts by hand and by test, edits that come back do not. */
const EDITS = 5;
const DELETIONS = 60;
const FIRST_WAIT_MS = 10_000;
const LONGEST_WAIT_MS = 5 * 60_000;

interface Fight {
  readonly limit: number;
  count: number;
  last: number;
}

/**
 * Changes that come back as often as they are repaired: another controller, an admission webhook or a person wants
 * something else. Such a change is still repaired, but with waits that double up to five minutes.
 */
export class Fights {
  readonly #known = new Map<string, Fight>();

  /** Milliseconds to wait before this change may be repaired again; 0: at once. `now` in milliseconds. */
  wait(id: string, now: number): number {
    const fight = this.#alive(id, now);
    if (fight === undefined || fight.count < fight.limit) return 0;
    const pause = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (fight.count - fight.limit));
    return Math.max(0, fight.last + pause - now);
  }

  /** Counts a repair. */
  repaired(id: string, now: number, deleted: boolean): void {
    for (const other of this.#known.keys()) this.#alive(other, now);
    const fight = this.#alive(id, now) ?? { limit: deleted ? DELETIONS : EDITS, count: 0, last: now };
    this.#known.set(id, { ...fight, count: fight.count + 1, last: now });
  }

  /** True while the change came back too often and not long ago. */
  fought(id: string, now: number): boolean {
    const fight = this.#alive(id, now);
    return fight !== undefined && fight.count >= fight.limit;
  }

  /** Milliseconds until nothing is left of it when it does not come back. */
  quietIn(id: string, now: number): number {
    const fight = this.#alive(id, now);
    return fight === undefined ? 0 : fight.last + WINDOW_MS - now;
  }

  #alive(id: string, now: number): Fight | undefined {
    const fight = this.#known.get(id);
    if (fight === undefined || now - fight.last < WINDOW_MS) return fight;
    this.#known.delete(id);
    return undefined;
  }
}
