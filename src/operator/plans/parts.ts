import type { Cloud } from "../../api/cloud.ts";
import type { Releases } from "../../desired/release-facts.ts";
import type { EvidencePorts } from "../../evidence/gather.ts";
import type { Cache } from "../../kube/cache.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { Workload } from "../../workloads/contract.ts";
import { PlanBook } from "./book.ts";
import { Candidates } from "./candidate.ts";
import { PlanEngine } from "./engine.ts";
import { PlanExecution } from "./execution.ts";
import { PlanProof } from "./proof.ts";
import { Proposer } from "./proposer.ts";

export interface PlanPartsOptions {
  readonly client: KubeClient;
  readonly workloads: readonly Workload[];
  readonly images: Readonly<Record<string, string>>;
  readonly clusterDomain: string;
  /** Reference of the operator's image. */
  readonly operatorImage: string;
  readonly releases: Releases;
  readonly plans: Cache;
  readonly approvals: Cache;
  readonly evidence: (cloud: Cloud) => EvidencePorts;
  /** Asks for another pass over a Cloud. */
  readonly enqueue: (key: string) => void;
}

/** Everything about Plans that the reconcilers use. */
export interface PlanParts {
  readonly engine: PlanEngine;
  readonly execution: PlanExecution;
  readonly proof: PlanProof;
  readonly candidates: Candidates;
}

export function planParts(options: PlanPartsOptions): PlanParts {
  const { client, plans, approvals, evidence: ports, enqueue: onGathered } = options;
  const now = (): Date => new Date();
  const book = new PlanBook(client, plans);
  const proposer = new Proposer(options);
  return {
    engine: new PlanEngine({ proposer, book, approvals, now }),
    execution: new PlanExecution({ client, book, now }),
    proof: new PlanProof({ book, now, ports, onGathered }),
    candidates: new Candidates({ client, plans, book, proposer }),
  };
}
