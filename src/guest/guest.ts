import type { Session } from "../openstack/session.ts";
import { ensureGuestImage, type GuestImageSource } from "./image.ts";
import { ensureGuestAddress, ensureGuestPort, type Provider } from "./network.ts";
import type { GuestReport } from "./report.ts";
import { ensureGuestKind, ensureGuestServer } from "./server.ts";

export interface GuestInput {
  /** Name of the server and of all that belongs to it: `hello`. */
  readonly name: string;
  readonly image: GuestImageSource;
  readonly provider: Provider;
  /** One line of OpenSSH. */
  readonly publicKey: string;
  /** The server is not made before this; everything else is. For callers that know when a node can run it. */
  readonly nodeReady?: Promise<unknown>;
  /** Ends the waiting for the server with its reason. */
  readonly signal?: AbortSignal;
}

export interface Guest {
  readonly name: string;
  readonly serverId: string;
  /** Where it is reached from outside. */
  readonly address: string;
  /** One line a change; empty when all was there. */
  readonly changed: readonly string[];
}

/**
 * The guest with all that it needs. Idempotent: an interrupted run is completed, a complete one changes nothing. All
 * APIs must answer; who knows that one does before the others calls its part early. Throws OpenStackError or GuestError.
 */
export async function ensureGuest(session: Session, input: GuestInput, report: GuestReport): Promise<Guest> {
  const { name, provider, signal } = input;
  const [image, port, kind] = await Promise.all([
    ensureGuestImage(session, { name, source: input.image }, report),
    ensureGuestPort(session, { name, provider }, report),
    ensureGuestKind(session, { name, publicKey: input.publicKey }, report),
  ]);
  const ids = { imageId: image.imageId, portId: port.portId, flavorId: kind.flavorId };
  const [server, address] = await Promise.all([
    Promise.resolve(input.nodeReady).then(() => ensureGuestServer(session, { name, ...ids, signal }, report)),
    ensureGuestAddress(session, { name, provider, port }, report),
  ]);
  const changed = [image, port, kind, server, address].flatMap((made) => made.changed);
  return { name, serverId: server.serverId, address: address.address, changed };
}
