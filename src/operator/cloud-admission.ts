import type { Finding } from "../api/walk.ts";
import type { KubeObject } from "../kube/types.ts";
import type { Judge } from "./admission.ts";

/** Whether changes of Clouds are judged before they are stored. */
export interface WebhookState {
  readonly answers: boolean;
  /** One word for programs. */
  readonly reason: "WebhookAnswers" | "WebhookLost" | "CertificateEnds";
  readonly message: string;
}

/** More than fit into a condition's message; the rest is counted. */
const MAX_TOLD = 8;

/**
 * What a Cloud is judged by when the operator carries it out: it may have been stored while nobody was asked, or by an
 * operator that knew less. And what is known of the webhook that should have been asked.
 */
export class CloudAdmission {
  readonly #judge: Judge;
  readonly #judged = new Map<string, { readonly version: string; readonly errors: readonly Finding[] }>();
  #webhook: WebhookState | undefined;

  constructor(judge: Judge) {
    this.#judge = judge;
  }

  /** The last that is known of the webhook; undefined where there is none. */
  get webhook(): WebhookState | undefined {
    return this.#webhook;
  }

  /** True when it differs from what was known. */
  learn(state: WebhookState): boolean {
    const before = this.#webhook;
    this.#webhook = state;
    return before?.answers !== state.answers || before.message !== state.message;
  }

  /** Why the Cloud is not carried out; undefined when its options are right. Judged once a generation. */
  async refusal(cloud: KubeObject): Promise<{ readonly reason: string; readonly message: string } | undefined> {
    const { namespace = "", name, uid, generation } = cloud.metadata;
    const key = `${namespace}/${name}`;
    const version = `${uid} ${generation}`;
    let known = this.#judged.get(key);
    if (known === undefined || generation === undefined || known.version !== version) {
      const errors = (await this.#judge(cloud)).filter(({ severity }) => severity === "error");
      known = { version, errors };
      this.#judged.set(key, known);
    }
    if (known.errors.length === 0) return undefined;
    return { reason: "OptionsRefused", message: told(known.errors) };
  }
}

function told(errors: readonly Finding[]): string {
  const lines = errors.slice(0, MAX_TOLD).map(({ path, message, code }) => `${path}: ${message} [${code}]`);
  const rest = errors.length - lines.length;
  const more = rest === 0 ? [] : [`and ${rest} more`];
  return `options are wrong, and nothing is changed before they are right: ${[...lines, ...more].join("; ")}`;
}
