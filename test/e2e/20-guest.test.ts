import assert from "node:assert/strict";
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { answers } from "../../src/guest/answers.ts";
import { ensureKeyFile } from "../../src/guest/key.ts";
import { ensureGuestAddress, ensureGuestPort, type GuestPort, type Provider } from "../../src/guest/network.ts";
import type { GuestReport } from "../../src/guest/report.ts";
import { ensureGuestKind, ensureGuestServer } from "../../src/guest/server.ts";
import { BEING_MADE } from "../../src/guest/unfinished.ts";
import { exec } from "../../src/host/exec.ts";
import {
  consoleLog,
  createServerImage,
  deleteKeypair,
  flavors,
  listKeypairs,
  servers,
} from "../../src/openstack/compute.ts";
import { images } from "../../src/openstack/image.ts";
import {
  floatingIps,
  networks,
  ports,
  removeRouterInterface,
  routers,
  securityGroups,
  subnets,
} from "../../src/openstack/network.ts";
import { Session } from "../../src/openstack/session.ts";
import { administrator, cutOff, skip } from "./cloud.ts";

const NAME = "e2e-guest";
const SNAPSHOT = "e2e-guest-snapshot";
const HUGE = "e2e-guest-huge";
const MEGABYTES = 8;
const CIDR = "10.9.1.0/24";

/** A guest of its own beside `hello`, from the image that `up` uploaded. */
describe("a guest", { skip, timeout: 900_000 }, () => {
  const session = new Session(skip === false ? administrator() : NOWHERE);
  const quiet: GuestReport = () => undefined;
  const nonce = randomUUID();
  let folder = "";
  let keyFile = "";
  let image = "";
  let provider: Provider;
  let network: GuestPort;
  let address = "";
  let serverId = "";

  before(async () => {
    await removeAll(session);
    folder = await mkdtemp(join(tmpdir(), "guest-"));
    keyFile = join(folder, "id");
    const hello = await images.find(session, "hello");
    assert.ok(hello, "`underpin up` uploads the image hello");
    image = hello.id;
    provider = await providerOf(session);
  });
  after(async () => {
    await removeAll(session);
    await session.close();
    if (folder !== "") await rm(folder, { recursive: true });
  });

  /** All that belongs to the guest; the session may be one that is cut off. */
  async function ensure(through: Session): Promise<readonly string[]> {
    const { publicKey } = await ensureKeyFile(keyFile, NAME);
    const input = { name: NAME, provider, cidr: CIDR };
    const [port, kind] = await Promise.all([
      ensureGuestPort(through, input, quiet),
      ensureGuestKind(through, { name: NAME, publicKey }, quiet),
    ]);
    network = port;
    const way = await ensureGuestAddress(through, { ...input, port }, quiet);
    address = way.address;
    const userData = Buffer.from(`nonce ${nonce}\n`).toString("base64");
    const ids = { imageId: image, flavorId: kind.flavorId, portId: port.portId };
    const server = await ensureGuestServer(through, { name: NAME, ...ids, userData }, quiet);
    serverId = server.serverId;
    return [...port.changed, ...kind.changed, ...way.changed, ...server.changed];
  }

  test("whose network the end of a node left half made gets another", async () => {
    const half = await networks.create(session, { name: NAME, description: BEING_MADE });
    // As between neutron's record and OVN's: a subnet without the port for metadata has no DHCP, and never gets it.
    const own = await ports.list(session, { network_id: half.id });
    await Promise.all(own.map(({ id }) => ports.delete(session, id)));
    await subnets.create(session, { network_id: half.id, name: NAME, ip_version: 4, cidr: CIDR });
    const made = await ensureGuestPort(session, { name: NAME, provider, cidr: CIDR }, quiet);
    assert.equal(made.changed[0], `removed an unfinished network ${NAME}`);
    assert.notEqual(made.networkId, half.id);
    assert.equal((await networks.show(session, made.networkId))?.description, "");
  });

  test("that is interrupted anywhere is completed, and then there is exactly one of everything", async () => {
    for (const writes of [0, 1, 2, 4, 6, 8, 10]) {
      await ensure(cutOff(session, writes)).catch((error: unknown) => assert.match(String(error), /cut off/));
    }
    await ensure(session);
    assert.deepEqual(await ensure(session), [], "a second run changes nothing");
    assert.deepEqual(await countAll(session), ONE_OF_EACH);
  });

  test("answers ping and names its SSH server at its floating IP", async () => {
    const run = async (file: string, args: readonly string[]): Promise<void> => void (await exec(file, args));
    const { banner } = await answers(address, { run, timeoutSeconds: 120 });
    assert.match(banner ?? "", /^SSH-2\.0/);
  });

  const ssh = async (command: string, input?: string): Promise<string> => {
    const quietly = [
      "-o",
      "StrictHostKeyChecking=no",
      "-o",
      "UserKnownHostsFile=/dev/null",
      "-o",
      "LogLevel=ERROR",
      "-o",
      "BatchMode=yes",
    ];
    const where = ["-i", keyFile, `root@${address}`, command];
    return (await exec("ssh", [...quietly, ...where], { timeoutMs: 60_000, ...(input === undefined ? {} : { input }) }))
      .stdout;
  };

  test("has its key, name and user data from the metadata service", async () => {
    const seen = await until("its user data", 180, async () => {
      const text = await ssh("cat /run/user-data; hostname").catch(() => "");
      return text.includes(NAME) ? text : undefined;
    });
    assert.equal(seen, `nonce ${nonce}\n${NAME}\n`);
  });

  test(`moves ${MEGABYTES} MB each way through router and floating IP`, async () => {
    const data = randomBytes((MEGABYTES * 1024 * 1024 * 3) / 4).toString("base64");
    const sum = createHash("sha256").update(data).digest("hex");
    await writeFile(join(folder, "data"), data);
    assert.match(await ssh("cat > /run/data && sha256sum /run/data", data), new RegExp(`^${sum}`));
    assert.equal(
      createHash("sha256")
        .update(await ssh("cat /run/data"))
        .digest("hex"),
      sum,
    );
  });

  test("writes a console log that can be read", async () => {
    const log = await until("the console log", 120, async () => {
      const text = await consoleLog(session, serverId);
      return text.includes("guest: ready") ? text : undefined;
    });
    assert.match(log, new RegExp(nonce));
  });

  test("is snapshot to an image, and another guest boots from it", async () => {
    await ssh("sync");
    const snapshot = await createServerImage(session, serverId, SNAPSHOT);
    await until("the snapshot", 240, async () =>
      (await images.show(session, snapshot))?.status === "active" ? true : undefined,
    );
    const port = await ports.create(session, { name: SNAPSHOT, network_id: network.networkId });
    const flavor = await flavors.find(session, NAME);
    const input = { name: SNAPSHOT, imageId: snapshot, flavorId: flavor?.id ?? "", portId: port.id };
    // The keypair has the guest's name.
    await session.json({
      service: "compute",
      method: "POST",
      path: "/os-keypairs",
      json: { keypair: { name: SNAPSHOT, type: "ssh", public_key: (await ensureKeyFile(keyFile, NAME)).publicKey } },
    });
    const { serverId: copy } = await ensureGuestServer(session, input, quiet);
    await until("the second boot of the disk", 240, async () =>
      (await consoleLog(session, copy)).includes("boot 2 of this disk") ? true : undefined,
    );
  });

  test("that fits nowhere is an error with nova's reason, and no server in ERROR stays behind unseen", async () => {
    const flavor = await flavors.create(session, { name: HUGE, ram: 128, vcpus: 1, disk: 1_000_000 });
    const { publicKey } = await ensureKeyFile(keyFile, NAME);
    await ensureGuestKind(session, { name: HUGE, publicKey }, quiet).catch(() => undefined);
    const port = await ports.create(session, { name: HUGE, network_id: network.networkId });
    const input = { name: HUGE, imageId: image, flavorId: flavor.id, portId: port.id };
    await assert.rejects(ensureGuestServer(session, input, quiet), {
      name: "GuestError",
      message: /made twice.*No valid host/s,
    });
    assert.equal((await servers.list(session, { name: HUGE })).length, 1);
  });
});

/** For a session that is never used, since all its tests are skipped. */
const NOWHERE = { authUrl: "http://127.0.0.1:9", username: "", password: "", project: "" };

const ONE_OF_EACH = {
  servers: 1,
  networks: 1,
  subnets: 1,
  routers: 1,
  ports: 1,
  groups: 1,
  addresses: 1,
  keypairs: 1,
  flavors: 1,
};

async function countAll(session: Session): Promise<typeof ONE_OF_EACH> {
  const called = (list: readonly { readonly name: string }[]): number =>
    list.filter(({ name }) => name === NAME).length;
  const addresses = await floatingIps.list(session);
  return {
    servers: called(await servers.list(session)),
    networks: called(await networks.list(session)),
    subnets: called(await subnets.list(session)),
    routers: called(await routers.list(session)),
    ports: called(await ports.list(session)),
    groups: called(await securityGroups.list(session)),
    addresses: addresses.filter(({ description }) => description === NAME).length,
    keypairs: called(await listKeypairs(session)),
    flavors: called(await flavors.list(session)),
  };
}

async function providerOf(session: Session): Promise<Provider> {
  const [external] = await networks.list(session, { "router:external": true });
  assert.ok(external, "`underpin up` makes the provider network");
  const [subnet] = await subnets.list(session, { network_id: external.id });
  assert.ok(subnet);
  return { name: external.name, vlan: 0, cidr: subnet.cidr, gateway: subnet.gateway_ip ?? undefined, pool: "-" };
}

async function until<T>(what: string, seconds: number, look: () => Promise<T | undefined>): Promise<T> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`${what} did not come within ${seconds} s`);
    await sleep(500);
  }
}

/** Removes what this file makes, in an order in which the APIs allow it. */
async function removeAll(session: Session): Promise<void> {
  const ours = ({ name }: { readonly name: string }): boolean => name.startsWith(NAME);
  for (const server of (await servers.list(session)).filter(ours)) {
    await servers.delete(session, server.id);
    await until("the end of a server", 120, async () =>
      (await servers.show(session, server.id)) === undefined ? true : undefined,
    );
  }
  for (const ip of await floatingIps.list(session))
    if (ip.description === NAME) await floatingIps.delete(session, ip.id);
  for (const router of (await routers.list(session)).filter(ours)) {
    for (const subnet of (await subnets.list(session)).filter(ours)) {
      await removeRouterInterface(session, router.id, subnet.id).catch(() => undefined); // was not connected
    }
    await routers.delete(session, router.id);
  }
  for (const port of (await ports.list(session)).filter(ours)) await ports.delete(session, port.id);
  for (const network of (await networks.list(session)).filter(ours)) await networks.delete(session, network.id);
  for (const group of (await securityGroups.list(session)).filter(ours)) await securityGroups.delete(session, group.id);
  for (const flavor of (await flavors.list(session)).filter(ours)) await flavors.delete(session, flavor.id);
  for (const key of (await listKeypairs(session)).filter(ours)) await deleteKeypair(session, key.name);
  for (const image of (await images.list(session)).filter(ours)) await images.delete(session, image.id);
}
