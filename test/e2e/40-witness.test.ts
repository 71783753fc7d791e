import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ensureCatalog } from "../../src/openstack/catalog.ts";
import { listKeypairs, importKeypair } from "../../src/openstack/compute.ts";
import { projects, users } from "../../src/openstack/identity.ts";
import { images } from "../../src/openstack/image.ts";
import { networks, ports } from "../../src/openstack/network.ts";
import { Session } from "../../src/openstack/session.ts";
import type { WitnessConfig } from "../../src/witness/config.ts";
import { generateKeyPair } from "../../src/guest/key.ts";
import { PREFIX } from "../../src/witness/engine.ts";
import type { WitnessReport } from "../../src/witness/report.ts";
import { startWitness } from "../../src/witness/witness.ts";
import { attempts } from "../harness/attempts.ts";
import { administrator, skip } from "./cloud.ts";

const PROJECT = "e2e-witness";
const APIS = ["compute", "identity", "image", "network", "placement"];

/**
 * A witness of its own, with users of its own, for half a minute. What it sees is counted by the machine's clock, and a machine
 * that stands still itself makes it blind or an answer slow: a scene has three attempts.
 */
describe("the witness", { skip, timeout: 600_000 }, () => {
  const password = randomBytes(12).toString("hex");
  const admin = new Session(skip === false ? administrator() : NOWHERE);
  const member = new Session({ ...admin.options, username: "e2e-witness", password, project: PROJECT });
  let folder = "";

  before(async () => {
    await removeUsers(admin);
    await ensureCatalog(admin, {
      region: admin.options.region ?? "RegionOne",
      services: [],
      users: [
        { name: "e2e-witness", password, project: PROJECT, roles: ["member"] },
        { name: "e2e-witness-service", password, project: PROJECT, roles: ["service"] },
      ],
    });
    folder = await mkdtemp(join(tmpdir(), "witness-"));
    await writeFile(join(folder, "password"), password);
    await writeFile(join(folder, "ca"), admin.options.caCertificate ?? "");
  });
  after(async () => {
    await removeUsers(admin);
    await Promise.all([admin.close(), member.close()]);
    if (folder !== "") await rm(folder, { recursive: true });
  });

  /** Runs for a while and gives its report, and what it complained of. */
  async function watch(seconds: number): Promise<{ report: WitnessReport; complaints: readonly string[] }> {
    const complaints: string[] = [];
    const port = await freePort();
    const witness = await startWitness({ ...config(folder, admin), port }, (level, message) => {
      if (level === "error") complaints.push(message);
    });
    try {
      await sleep(seconds * 1000);
      const answer = await fetch(`http://127.0.0.1:${port}/report`);
      const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      for (const api of APIS)
        assert.match(metrics, new RegExp(`underpin_witness_operations_total{api="${api}",outcome="ok"} [1-9]`));
      return { report: (await answer.json()) as WitnessReport, complaints };
    } finally {
      await witness.stop();
    }
  }

  async function own(): Promise<readonly string[]> {
    const lists = [images.list(member), networks.list(member), ports.list(member), listKeypairs(member)];
    const names = (await Promise.all(lists)).flat().map((one) => (one as { name: string }).name);
    return names.filter((name) => name.startsWith(PREFIX));
  }

  /** Another attempt knows nothing of what the one before saw. */
  async function forget(): Promise<void> {
    for (const file of ["journal.jsonl", "older.jsonl"]) await rm(join(folder, file), { force: true });
  }

  test("reads and writes on every API without a failure, says when it was blind, and leaves nothing behind", () =>
    attempts(async (attempt) => {
      if (attempt > 1) await forget();
      const { report, complaints } = await watch(25);
      assert.deepEqual(complaints, []);
      assert.deepEqual(
        report.apis.map(({ api, failed }) => `${api} ${failed}`).toSorted(),
        APIS.map((api) => `${api} 0`),
      );
      for (const { api, sent, worstGapSeconds, operations } of report.apis) {
        assert.ok(sent >= 20, `${api}: ${sent} operations`);
        assert.ok(worstGapSeconds < 5, `${api}: a gap of ${worstGapSeconds} s`);
        assert.ok(
          operations.some(({ name }) => / (POST|PUT)$/.test(name)),
          `${api} writes nothing`,
        );
      }
      assert.equal(report.blind[0]?.reason, "the witness had not started");
      assert.deepEqual(await own(), []);
    }));

  test("removes what an earlier death left, knows what it saw before, and was blind in between", () =>
    attempts(async () => {
      await sleep(3000);
      const network = await networks.create(member, { name: `${PREFIX}dead` });
      await ports.create(member, { name: `${PREFIX}dead`, network_id: network.id });
      await images.create(member, { name: `${PREFIX}dead`, disk_format: "raw", container_format: "bare" });
      await importKeypair(member, `${PREFIX}dead`, generateKeyPair("dead").publicKey);
      const { report } = await watch(15);
      assert.deepEqual(await own(), []);
      assert.ok(report.apis.every(({ sent }) => sent > 30));
      assert.ok(report.blind.some(({ reason, seconds }) => reason === "the witness did not run" && seconds > 2));
    }));

  test("does not count what happens while it stands still as failures", () =>
    attempts(async (attempt) => {
      if (attempt > 1) await forget();
      const until = performance.now() + 6000;
      const watching = watch(10);
      await sleep(3000);
      while (performance.now() < until + 2000); // the event loop stands
      const { report } = await watching;
      assert.ok(report.blind.some(({ reason }) => reason === "the witness stood still"));
      for (const { api, slow, failed } of report.apis) assert.deepEqual([api, slow, failed], [api, 0, 0]);
    }));
});

/** One that nobody has at the moment; where somebody takes it before it is used, that costs an attempt. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const NOWHERE = { authUrl: "http://127.0.0.1:9", username: "", password: "", project: "" };

function config(folder: string, admin: Session): Omit<WitnessConfig, "port"> {
  const passwordFile = join(folder, "password");
  return {
    authUrl: admin.options.authUrl,
    region: admin.options.region ?? "RegionOne",
    interface: "public",
    caFile: join(folder, "ca"),
    project: PROJECT,
    users: { member: { name: "e2e-witness", passwordFile }, service: { name: "e2e-witness-service", passwordFile } },
    readEverySeconds: 1,
    cycleEverySeconds: 5,
    folder,
  };
}

async function removeUsers(admin: Session): Promise<void> {
  for (const user of await users.list(admin))
    if (user.name.startsWith("e2e-witness")) await users.delete(admin, user.id);
  const project = await projects.find(admin, PROJECT);
  if (project !== undefined) await projects.delete(admin, project.id);
}
