import type { Cloud } from "../../api/cloud.ts";
import type { CloudState, Unproven } from "../../desired/state.ts";
import { type Evidence, type EvidencePorts, gatherEvidence } from "../../evidence/gather.ts";
import type { PlanBook } from "./book.ts";

export interface ProofOptions {
  readonly book: PlanBook;
  readonly now: () => Date;
  readonly ports: (cloud: Cloud) => EvidencePorts;
  /** Asks for another pass over the Cloud. */
  readonly onGathered: (key: string) => void;
}

/** Seconds after a plan's end when the witness is asked: what it sends last takes as long to come back. */
const LAST_ANSWERS_SECONDS = 12;
/** How often a witness is asked that saw nothing: it may have been about to start. And the seconds between. */
const ASKED = 3;
const BETWEEN_SECONDS = 10;

/** Gathers the evidence of plans that have ended, beside the passes; a killed process leaves it to the next. */
export class PlanProof {
  readonly #options: ProofOptions;
  readonly #gathering = new Set<string>();
  readonly #gathered = new Map<string, Evidence>();
  readonly #asked = new Map<string, number>();

  constructor(options: ProofOptions) {
    this.#options = options;
  }

  /** Writes what was gathered and begins what is due; answers the state without what is proven. Throws KubeError. */
  async pass(cloud: Cloud, state: CloudState): Promise<{ readonly state: CloudState; readonly again?: number }> {
    const [first] = state.unproven ?? [];
    if (first === undefined) return { state };
    const evidence = this.#gathered.get(first.plan);
    if (evidence === undefined) {
      const wait = LAST_ANSWERS_SECONDS + (this.#asked.get(first.plan) ?? 0) * BETWEEN_SECONDS;
      const due = (Date.parse(first.to) - this.#options.now().getTime()) / 1000 + wait;
      if (due > 0) return { state, again: due };
      this.#begin(cloud, first);
      return { state };
    }
    const asked = (this.#asked.get(first.plan) ?? 0) + 1;
    if (evidence.witness === "Blind" && asked < ASKED) {
      this.#asked.set(first.plan, asked);
      this.#gathered.delete(first.plan);
      return { state, again: BETWEEN_SECONDS };
    }
    await this.#options.book.add(cloud.metadata.namespace, first.plan, { evidence });
    this.#gathered.delete(first.plan);
    this.#asked.delete(first.plan);
    const rest = (state.unproven ?? []).slice(1);
    const { unproven: _unproven, ...without } = state;
    return {
      state: { ...without, ...(rest.length === 0 ? {} : { unproven: rest }) },
      ...(rest.length === 0 ? {} : { again: 1 }),
    };
  }

  #begin(cloud: Cloud, unproven: Unproven): void {
    if (this.#gathering.has(unproven.plan)) return;
    this.#gathering.add(unproven.plan);
    void this.#gather(cloud, unproven);
  }

  /** Never rejects. */
  async #gather(cloud: Cloud, { plan, from, to }: Unproven): Promise<void> {
    try {
      const window = { from: new Date(from), to: new Date(to) };
      this.#gathered.set(plan, await gatherEvidence(this.#options.ports(cloud), window));
    } catch (error) {
      const note = `The evidence could not be gathered: ${error instanceof Error ? error.message : String(error)}`;
      const nothing = { witness: "Blind", apis: [], podsRestarted: [], notes: [note] } as const;
      this.#gathered.set(plan, { startedAt: from, endedAt: to, ...nothing });
    }
    this.#gathering.delete(plan);
    this.#options.onGathered(`${cloud.metadata.namespace}/${cloud.metadata.name}`);
  }
}
