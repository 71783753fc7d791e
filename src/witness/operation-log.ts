import type { Operation, Outcome } from "./records.ts";

export const OUTCOMES: readonly Outcome[] = ["ok", "slow", "failed"];

/** The latest operations, in the order in which they ended: 15 bytes each, so that hours of them need few megabytes. */
export class OperationLog implements Iterable<Operation> {
  readonly #capacity: number;
  readonly #startedAt: Float64Array;
  readonly #tookMs: Uint32Array;
  readonly #kind: Uint16Array;
  readonly #outcome: Uint8Array;
  /** The pairs of API and name that there are, by their number. */
  readonly #kinds: { readonly api: string; readonly name: string }[] = [];
  readonly #numbers = new Map<string, number>();
  /** Operations that were ever added. */
  #added = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#startedAt = new Float64Array(capacity);
    this.#tookMs = new Uint32Array(capacity);
    this.#kind = new Uint16Array(capacity);
    this.#outcome = new Uint8Array(capacity);
  }

  /** True when older operations had to go. */
  get full(): boolean {
    return this.#added > this.#capacity;
  }

  push(operation: Operation): void {
    const at = this.#added % this.#capacity;
    this.#startedAt[at] = operation.startedAt;
    this.#tookMs[at] = Math.round(operation.tookMs);
    this.#kind[at] = this.#number(operation);
    this.#outcome[at] = OUTCOMES.indexOf(operation.outcome);
    this.#added += 1;
  }

  *[Symbol.iterator](): Iterator<Operation> {
    for (let index = Math.max(0, this.#added - this.#capacity); index < this.#added; index += 1) {
      const at = index % this.#capacity;
      const { api, name } = this.#kinds[this.#kind[at] ?? 0] ?? { api: "", name: "" };
      const outcome = OUTCOMES[this.#outcome[at] ?? 0] ?? "failed";
      yield { api, name, startedAt: this.#startedAt[at] ?? 0, tookMs: this.#tookMs[at] ?? 0, outcome };
    }
  }

  #number({ api, name }: Operation): number {
    const key = `${api}\n${name}`;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#kinds.push({ api, name });
    this.#numbers.set(key, this.#kinds.length - 1);
    return this.#kinds.length - 1;
  }
}
