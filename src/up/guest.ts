import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Cloud } from "../api/cloud.ts";
import type { Exec } from "../host/exec.ts";
import { type Report, timed } from "../host/progress.ts";
import type { KubeClient } from "../kube/client.ts";
import { fieldAt, type KubeObject } from "../kube/types.ts";
import { answers } from "../guest/answers.ts";
import { ensureGuest, type Guest } from "../guest/guest.ts";
import { ensureKeyFile } from "../guest/key.ts";
import { GuestError } from "../guest/report.ts";
import { describeStanding, standingOf } from "../guest/standing.ts";
import { Session } from "../openstack/session.ts";

/** The guest that `up` makes. */
export const GUEST_NAME = "hello";

export interface Administrator {
  readonly authUrl: string;
  readonly password: string;
  readonly caCertificate: string;
}

/** The administrator's way into the cloud, from the Secrets that the operator keeps. Throws KubeError. */
export async function administrator(client: KubeClient, cloud: Cloud): Promise<Administrator> {
  const { namespace } = cloud.metadata;
  const [secret, authority] = await Promise.all([
    client.get({ apiVersion: "v1", kind: "Secret", namespace, name: "keystone-admin" }),
    client.get({ apiVersion: "v1", kind: "ConfigMap", namespace, name: "underpin-ca" }),
  ]);
  const password = Buffer.from(textAt(secret, "password"), "base64").toString("utf8");
  const endpoint = cloud.status?.endpoints?.["keystone"];
  if (password === "" || endpoint === undefined)
    throw new Error("the cloud has no administrator yet; see underpin status");
  return { authUrl: `${endpoint}/v3`, password, caCertificate: textAt(authority, "ca.crt") };
}

function textAt(object: KubeObject | undefined, key: string): string {
  const value = fieldAt(object, "data", key);
  return typeof value === "string" ? value : "";
}

export function administratorSession(admin: Administrator, cloud: Cloud): Session {
  return new Session({
    authUrl: admin.authUrl,
    username: "admin",
    password: admin.password,
    project: "admin",
    region: cloud.spec.region,
    caCertificate: admin.caCertificate,
  });
}

export interface GuestOptions {
  readonly cloud: Cloud;
  readonly session: Session;
  /** Folder with the guest's kernel, ramdisk and disk. */
  readonly parts: string;
  readonly stateDir: string;
  readonly exec: Exec;
  readonly report: Report;
  /** Ends when a node can run the guest. */
  readonly nodeReady: Promise<unknown>;
  readonly signal: AbortSignal;
}

/** Where the guest's private key is kept. */
export function guestKeyFile(stateDir: string): string {
  return join(stateDir, "guest", "id_ed25519");
}

/** Removes what `up` keeps of the guest on this machine: its private key. */
export async function forgetGuest(stateDir: string): Promise<void> {
  await rm(dirname(guestKeyFile(stateDir)), { recursive: true, force: true });
}

/** Makes the guest through the OpenStack API alone and waits until it answers ping and ssh. Undefined without a provider network. */
export async function bringUpGuest(options: GuestOptions): Promise<Guest | undefined> {
  const { cloud, session, report, exec, signal } = options;
  const provider = cloud.spec.network.provider[0];
  if (provider === undefined) return undefined;
  const key = await ensureKeyFile(guestKeyFile(options.stateDir), `${GUEST_NAME}@underpin`);
  const image = { kind: "parts", folder: options.parts } as const;
  const wanted = { name: GUEST_NAME, image, provider, publicKey: key.publicKey, nodeReady: options.nodeReady, signal };
  const guest = await ensureGuest(session, wanted, report);
  const run = async (file: string, args: readonly string[]): Promise<void> => void (await exec(file, args));
  await timed(report, "guest/ping", `waiting until ${guest.address} answers ping`, () =>
    orWhy(session, guest, answers(guest.address, { run, ssh: false, timeoutSeconds: 120, signal })),
  );
  await timed(report, "guest/ssh", `waiting until ${guest.address} answers ssh`, () =>
    orWhy(session, guest, answers(guest.address, { timeoutSeconds: 120, signal })),
  );
  return guest;
}

/** A guest that does not answer is told with how the cloud sees it. */
async function orWhy<T>(session: Session, guest: Guest, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof GuestError)) throw error;
    const standing = describeStanding(await standingOf(session, guest));
    throw new GuestError(`${error.message}: ${standing}`, error.next, { cause: error });
  }
}
