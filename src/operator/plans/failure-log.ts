import { type Manifest, objectKey } from "../../api/manifest.ts";
import type { KubeClient } from "../../kube/client.ts";
import { fieldAt, type KubeObject } from "../../kube/types.ts";

/** Lines that are looked at, and characters of the one that is told. */
const LINES = 40;
const LONGEST = 500;
const TELLING = /error|exception|critical|fatal|fail|refused|denied|cannot|not found|no such/i;
/** Shorter ones are in too many lines to be taken out. */
const SHORTEST_SECRET = 6;

/**
 * The line of a log that tells best why a step's pods do not come to be what they should: the last that sounds like an
 * error, else the last. Secrets that are known are taken out. Undefined when there is no pod, or it said nothing.
 */
export async function failureLine(
  client: Pick<KubeClient, "list" | "logs">,
  objects: readonly Manifest[],
  secrets: readonly string[],
): Promise<string | undefined> {
  for (const object of objects) {
    const pod = await failingPod(client, object);
    if (pod === undefined) continue;
    const text = await said(client, pod);
    const line = tellingLine(text.split("\n"));
    if (line !== undefined) return `${objectKey(object)}: ${withoutSecrets(line, secrets).slice(0, LONGEST)}`;
  }
  return undefined;
}

/** The last line that sounds like an error, else the last one. Pure. */
export function tellingLine(lines: readonly string[]): string | undefined {
  const full = lines.map((line) => line.trim()).filter((line) => line !== "");
  return full.findLast((line) => TELLING.test(line)) ?? full.at(-1);
}

/** A text without these values. Pure. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret.length >= SHORTEST_SECRET)
    .toSorted((a, b) => b.length - a.length)
    .reduce((rest, secret) => rest.replaceAll(secret, "(secret)"), text);
}

/** The newest pod that an object made and that is not ready. */
async function failingPod(client: Pick<KubeClient, "list">, object: Manifest): Promise<KubeObject | undefined> {
  const { namespace = "", name } = object.metadata;
  const labels =
    object.kind === "Job"
      ? { "batch.kubernetes.io/job-name": name }
      : (fieldAt(object, "spec", "selector", "matchLabels") as Readonly<Record<string, string>> | undefined);
  if (labels === undefined) return undefined;
  const labelSelector = Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
  const { items } = await client.list({ apiVersion: "v1", kind: "Pod", namespace, labelSelector });
  return items
    .filter((pod) => !isReady(pod))
    .toSorted((a, b) => (a.metadata.creationTimestamp ?? "").localeCompare(b.metadata.creationTimestamp ?? ""))
    .at(-1);
}

function isReady(pod: KubeObject): boolean {
  const conditions = (fieldAt(pod, "status", "conditions") ?? []) as { type: string; status: string }[];
  return conditions.some(({ type, status }) => type === "Ready" && status === "True");
}

/** What its first container that does not run well said last; what one that has not begun would say is nothing. */
async function said(client: Pick<KubeClient, "logs">, { metadata, ...pod }: KubeObject): Promise<string> {
  const { namespace = "", name } = metadata;
  const statuses = (fieldAt(pod, "status", "containerStatuses") ?? []) as readonly ContainerStatus[];
  const one = statuses.find(({ ready }) => !ready);
  if (one === undefined) return "";
  const waits = one.state?.waiting !== undefined;
  if (waits && one.lastState?.terminated === undefined) return one.state?.waiting?.message ?? "";
  const options = { container: one.name, tailLines: LINES, previous: waits };
  return client.logs({ namespace, name }, options).catch(() => ""); // its log went with it
}

interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly state?: { readonly waiting?: { readonly message?: string } };
  readonly lastState?: { readonly terminated?: object };
}
