import { FIELD_MANAGER, GROUP, SYSTEM_NAMESPACE, WEBHOOK_CONFIGURATION } from "../api/names.ts";
import { Applier, type ApplyResult } from "../kube/apply.ts";
import type { KubeClient } from "../kube/client.ts";
import { fieldAt, type KubeObject, type ObjectRef } from "../kube/types.ts";
import type { CertificateRequest } from "../workloads/contract.ts";
import type { WebhookState } from "./cloud-admission.ts";
import { planCertificate, type ServingCertificate, servingFrom } from "./webhook-certificate.ts";
import { stampConfiguration, WEBHOOK_SECRET, WEBHOOK_SERVICE, webhookConfiguration } from "./webhook-config.ts";
import type { WebhookServer } from "./webhook-server.ts";

export const SECRET_REF: ObjectRef = {
  apiVersion: "v1",
  kind: "Secret",
  namespace: SYSTEM_NAMESPACE,
  name: WEBHOOK_SECRET,
};
export const CONFIGURATION_REF: ObjectRef = {
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingWebhookConfiguration",
  name: WEBHOOK_CONFIGURATION,
};
export const STAMP_REF: ObjectRef = { ...CONFIGURATION_REF, kind: "MutatingWebhookConfiguration" };
const NAMESPACE_REF: ObjectRef = { apiVersion: "v1", kind: "Namespace", name: SYSTEM_NAMESPACE };

/** A certificate that ends so soon was not renewed in time: that happens months before. */
const ENDS_SOON_MS = 30 * 86_400_000;
const LOST_RETRY_MS = 2_000;
/** Longer than a Service takes to reach a pod that has just become ready. */
const LOST_AFTER_MS = 15_000;
const RECHECK_MS = 60_000;

/** Asks the webhook as the API server would; rejects when it does not answer with a certificate of the bundle. */
export type Probe = (host: string, caBundle: string) => Promise<void>;

export interface WebhookKeeperOptions {
  readonly client: KubeClient;
  readonly server: WebhookServer;
  readonly clusterDomain: string;
  readonly probe: Probe;
  /** Told after each pass, of a loss when it has lasted for some seconds. */
  readonly onState: (state: WebhookState, notAfter: Date) => void;
  /** Told of every write, for metrics. */
  readonly onWrite: (kind: string, result: ApplyResult) => void;
  readonly now?: () => number;
}

/**
 * Keeps the webhook answering: its certificate, and the configuration by which the API server asks it, which is written
 * once it answers. Only the operator that leads writes; each serves by what the Secret holds.
 */
export class WebhookKeeper {
  readonly #options: WebhookKeeperOptions;
  readonly #applier: Applier;
  #serving: string | undefined;
  #lostSince: number | undefined;
  #namespaceUid: string | undefined;

  constructor(options: WebhookKeeperOptions) {
    this.#options = options;
    const { client, onWrite } = options;
    this.#applier = new Applier(client, { fieldManager: FIELD_MANAGER, shapeAnnotation: `${GROUP}/shape`, onWrite });
  }

  /** Serves by the Secret as the watch gives it. */
  take(secret: KubeObject): void {
    const serving = servingFrom(decoded(secret));
    if (serving !== undefined) this.#use(serving);
  }

  /** One pass; answers the milliseconds until the next. Throws KubeError. */
  async reconcile(): Promise<number> {
    const { client, probe, onState, now = Date.now } = this.#options;
    const kept = decoded(await client.get(SECRET_REF)) ?? {};
    const { serving, secret } = await planCertificate(kept, this.#request(), now());
    // Who asks must believe the new authority before it is shown.
    if (secret !== undefined) await this.#configure(serving, "where there is one");
    if (secret !== undefined) await this.#writeSecret(secret);
    this.#use(serving);
    const lost = await probe(this.#host(), serving.caBundle).then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    if (lost === undefined) await this.#configure(serving, "always");
    if (this.#isTold(lost, now())) onState(stateOf(lost, serving.notAfter, now()), serving.notAfter);
    return lost === undefined ? RECHECK_MS : LOST_RETRY_MS;
  }

  /** An operator that starts is not reached at once: only a loss that lasts is one. */
  #isTold(lost: string | undefined, now: number): boolean {
    if (lost === undefined) this.#lostSince = undefined;
    else this.#lostSince ??= now;
    return this.#lostSince === undefined || now - this.#lostSince >= LOST_AFTER_MS;
  }

  #use(serving: ServingCertificate): void {
    if (this.#serving === serving.certificate) return;
    this.#options.server.use(serving);
    this.#serving = serving.certificate;
  }

  /** Stamps come first: an approval without one is refused. */
  async #configure(serving: ServingCertificate, when: "always" | "where there is one"): Promise<void> {
    const { client } = this.#options;
    const [stamp, judge] = [await client.get(STAMP_REF), await client.get(CONFIGURATION_REF)];
    this.#namespaceUid ??= (await client.get(NAMESPACE_REF))?.metadata.uid;
    const uid = this.#namespaceUid;
    const owner = uid === undefined ? {} : { owner: { name: SYSTEM_NAMESPACE, uid } };
    const wanted = [
      [stampConfiguration(serving.caBundle, owner), stamp],
      [webhookConfiguration(serving.caBundle, owner), judge],
    ] as const;
    for (const [desired, live] of wanted)
      if (when === "always" || live !== undefined) await this.#applier.apply(desired, live);
  }

  async #writeSecret(data: Readonly<Record<string, string>>): Promise<void> {
    const { apiVersion, kind, name } = SECRET_REF;
    const metadata = { name, namespace: SYSTEM_NAMESPACE };
    const secret = { apiVersion, kind, metadata, type: "kubernetes.io/tls", stringData: data };
    await this.#applier.apply(secret, await this.#options.client.get(SECRET_REF));
  }

  #host(): string {
    return `${WEBHOOK_SERVICE}.${SYSTEM_NAMESPACE}.svc`;
  }

  #request(): CertificateRequest {
    const host = this.#host();
    const dnsNames = [host, `${host}.${this.#options.clusterDomain}`];
    return { name: WEBHOOK_SECRET, commonName: host, dnsNames, ipAddresses: [] };
  }
}

function stateOf(lost: string | undefined, notAfter: Date, now: number): WebhookState {
  if (lost !== undefined) {
    const message = `the webhook does not answer, and changes of options, approvals and policies of change are refused: ${lost}`;
    return { answers: false, reason: "WebhookLost", message };
  }
  if (notAfter.getTime() - now < ENDS_SOON_MS) {
    const message = `the webhook's certificate ends at ${notAfter.toISOString()} and was not renewed`;
    return { answers: false, reason: "CertificateEnds", message };
  }
  return {
    answers: true,
    reason: "WebhookAnswers",
    message: "changes of options and approvals are judged before they are stored",
  };
}

function decoded(secret: KubeObject | undefined): Record<string, string> | undefined {
  const data = fieldAt(secret, "data") as Readonly<Record<string, string>> | undefined;
  if (data === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(data).map(([key, text]) => [key, Buffer.from(text, "base64").toString("utf8")]),
  );
}
