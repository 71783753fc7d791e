// evidence: what users would have noticed while something ran: from the witness, the gateway's log and the pods.
import type { PlanStatus } from "../api/plan.ts";
import type { KubeClient } from "../kube/client.ts";
import { gatewayRetries } from "./gateway-log.ts";
import { podsRestarted } from "./pods.ts";
import { DEADLINE_MS, secondsOf } from "./window.ts";
import { type AskWitness, witnessView } from "./witness-view.ts";

export type Evidence = NonNullable<PlanStatus["evidence"]>;

/** What evidence is gathered from. */
export interface EvidencePorts {
  readonly witness: AskWitness;
  readonly kube: Pick<KubeClient, "list" | "text">;
  /** Namespace of the Cloud, and that of what touches its nodes. */
  readonly namespaces: readonly [cloud: string, nodes: string];
  /** Names of the APIs that the Cloud has: `identity`. One that the witness did not watch was not seen. */
  readonly apis: readonly string[];
}

/** As many as a Plan's evidence holds, and as long. */
const MOST_NOTES = 32;
const LONGEST_NOTE = 400;
const MOST_APIS = 64;

/**
 * What happened between two moments, as far as it is known now: nothing but the moments is needed, so that it may be asked
 * after a restart, and again. Takes at most some five seconds. Never throws for a source that does not answer: what is not
 * known is told as such.
 */
export async function gatherEvidence(
  ports: EvidencePorts,
  { from, to }: { readonly from: Date; readonly to: Date },
): Promise<Evidence> {
  const window = { from: from.getTime(), to: Math.max(from.getTime(), to.getTime()) };
  const signal = AbortSignal.timeout(DEADLINE_MS);
  const { kube, namespaces, apis } = ports;
  const [view, retries, pods] = await Promise.all([
    witnessView(ports.witness, { window, apis }, signal),
    gatewayRetries(kube, { namespace: namespaces[0], window }, signal),
    podsRestarted(kube, { namespaces: [...new Set(namespaces)], window }, signal),
  ]);
  const notes = shortened([...view.notes, ...retries.notes, ...pods.notes]);
  return {
    startedAt: new Date(window.from).toISOString(),
    endedAt: new Date(window.to).toISOString(),
    seconds: secondsOf(window.to - window.from),
    witness: view.value.witness,
    apis: view.value.apis.slice(0, MOST_APIS),
    ...(retries.value === undefined ? {} : { gatewayRetries: retries.value }),
    podsRestarted: pods.value,
    ...(notes.length === 0 ? {} : { notes }),
  };
}

function shortened(notes: readonly string[]): readonly string[] {
  const told = notes.slice(0, MOST_NOTES).map((note) => {
    const short = note.length <= LONGEST_NOTE ? note : `${note.slice(0, LONGEST_NOTE - 1)}…`;
    return short.toWellFormed();
  });
  const more = notes.length - MOST_NOTES;
  return more > 0 ? [...told.slice(0, -1), `… and ${more + 1} more notes`] : told;
}
