// What the evidence says when the front door stops, and when the witness does: with the witness' own process and server.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Evidence, type EvidencePorts, gatherEvidence } from "../../src/evidence/gather.ts";
import { FakeKube } from "../../src/kube/fake.ts";
import type { WitnessConfig } from "../../src/witness/config.ts";
import type { WitnessReport } from "../../src/witness/report.ts";
import { OpenStackStub, STUB_USER } from "../contract/openstack-stub.ts";

const MAIN = fileURLToPath(new URL("../../src/witness/main.ts", import.meta.url));

/** Stands before the API as the gateway does: it can be gone, or hold everything back. */
class Door {
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #held = false;
  port = 0;

  constructor(target: string) {
    this.#target = Number(new URL(target).port);
  }

  async open(): Promise<void> {
    this.#server = createServer((client) => {
      const api = connect(this.#target, "127.0.0.1");
      for (const socket of [client, api]) {
        this.#sockets.add(socket);
        socket.on("error", () => undefined).on("close", () => this.#sockets.delete(socket));
        if (this.#held) socket.pause();
      }
      client.on("data", (chunk) => api.write(chunk)).on("end", () => api.end());
      api.on("data", (chunk) => client.write(chunk)).on("end", () => client.end());
      if (this.#held) for (const socket of [client, api]) socket.pause();
    });
    const server = this.#server;
    await new Promise<void>((resolve) => server.listen(this.port, "127.0.0.1", resolve));
    this.port = (server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server?.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** As a stopped process: connections are taken, and nothing comes. */
  hold(held: boolean): void {
    this.#held = held;
    for (const socket of this.#sockets) {
      if (held) socket.pause();
      else socket.resume();
    }
  }
}

interface Scene {
  readonly door: Door;
  readonly signal: (name: NodeJS.Signals) => void;
  /** Ends the witness' process; another one starts, with what the first one wrote or without. */
  readonly restart: (options: { stoppedMs: number; empty: boolean }) => Promise<void>;
  readonly gather: (from: Date, to?: Date) => Promise<Evidence>;
}

/**
 * What is asserted here is counted in seconds of the machine's clock, and a machine that stands still itself, or whose clock is
 * set, is seen by the witness: it then says blind, rightly, and the scene showed nothing. So a scene has three attempts; what is
 * wrong with the witness or the evidence is wrong in each.
 */
async function watched(work: (scene: Scene) => Promise<void>, attempts = 3): Promise<void> {
  try {
    await staged(work);
  } catch (error) {
    if (attempts <= 1) throw error;
    await watched(work, attempts - 1);
  }
}

/** A witness that has seen an API that works, and has ended its one life-cycle, of which the stand-in knows nothing. */
async function staged(work: (scene: Scene) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "evidence-"));
  const stub = new OpenStackStub();
  const door = new Door(await stub.start());
  await door.open();
  // Below those that the machine gives out itself; one that is taken costs an attempt.
  const port = 20_000 + Math.floor(Math.random() * 12_000);
  const config: WitnessConfig = {
    authUrl: `http://127.0.0.1:${door.port}/identity`,
    region: "RegionOne",
    interface: "public",
    caFile: join(folder, "ca"),
    project: STUB_USER.project,
    apis: ["network"],
    users: { member: { name: STUB_USER.username, passwordFile: join(folder, "password") } },
    readEverySeconds: 0.25,
    cycleEverySeconds: 3_600,
    folder,
    port,
  };
  await writeFile(join(folder, "ca"), "");
  await writeFile(join(folder, "password"), STUB_USER.password);
  await writeFile(join(folder, "witness.json"), JSON.stringify(config));
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    child = spawn(process.execPath, [MAIN, "--config", join(folder, "witness.json")], { stdio: "ignore" });
    await until(async () => (await fetch(`http://127.0.0.1:${port}/healthz`)).ok);
  };
  const scene: Scene = {
    door,
    signal: (name) => void child?.kill(name),
    restart: async ({ stoppedMs, empty }) => {
      await ended(child);
      await sleep(stoppedMs);
      if (empty) for (const file of ["journal.jsonl", "older.jsonl"]) await rm(join(folder, file), { force: true });
      await start();
    },
    gather: (from, to = new Date()) => gatherEvidence(portsOf(port), { from, to }),
  };
  try {
    await start();
    await until(async () => {
      const report = (await (await fetch(`http://127.0.0.1:${port}/report`)).json()) as WitnessReport;
      return report.apis.every(({ sent, failed }) => failed >= 1 && sent >= 5);
    });
    await work(scene);
  } finally {
    await ended(child);
    await door.close();
    await stub.stop();
    await rm(folder, { recursive: true });
  }
}

/** As an operator has them that has just started. */
function portsOf(port: number): EvidencePorts {
  return {
    witness: async (path, signal) => (await fetch(`http://127.0.0.1:${port}${path}`, { signal })).text(),
    kube: new FakeKube(),
    namespaces: ["west", "west-nodes"],
    apis: ["network"],
  };
}

async function ended(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await exit;
}

async function until(done: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 20_000;
  while (!(await done().catch(() => false))) {
    assert.ok(performance.now() < end, "waited 20 s for the witness");
    await sleep(50);
  }
}

const seconds = (moment: Date): number => (Date.now() - moment.getTime()) / 1000;
const noted = (evidence: Evidence): string => (evidence.notes ?? []).join("\n");

describe("evidence", { concurrency: true, timeout: 240_000 }, () => {
  test("nothing happened: all of it was seen, and no gap is longer than the time between reads and some", () =>
    watched(async ({ gather }) => {
      const from = new Date();
      await sleep(2_000);
      const evidence = await gather(from);
      const [network] = evidence.apis;
      assert.equal(evidence.witness, "Saw");
      assert.equal(network?.failed, 0);
      assert.ok((network?.sent ?? 0) >= 4, `${network?.sent} operations`);
      assert.ok((network?.worstGapSeconds ?? 9) < 3, `a gap of ${network?.worstGapSeconds} s`);
      assert.equal(network?.blindSeconds, 0);
      assert.equal(evidence.gatewayRetries, undefined, "unknown is not 0");
      assert.match(noted(evidence), /How often the gateway sent a request again is not known: the gateway has no pod/);
    }));

  test("the front door is gone for three seconds: failures, and a gap of three seconds at least", () =>
    watched(async ({ door, gather }) => {
      const from = new Date();
      await sleep(500);
      await door.close();
      await sleep(3_000);
      await door.open();
      await sleep(1_000);
      const evidence = await gather(from);
      const [network] = evidence.apis;
      assert.equal(evidence.witness, "Saw");
      assert.ok((network?.failed ?? 0) >= 6, `${network?.failed} failed`);
      assert.ok((network?.worstGapSeconds ?? 0) >= 3, `a gap of ${network?.worstGapSeconds} s`);
      assert.ok((network?.worstGapSeconds ?? 9) < 6, `a gap of ${network?.worstGapSeconds} s`);
      assert.match(noted(evidence), /network: the last that failed, at .*ECONNREFUSED/);
    }));

  test("the front door stands still for three seconds: slow answers, and a gap of three seconds at least", () =>
    watched(async ({ door, gather }) => {
      const from = new Date();
      await sleep(500);
      door.hold(true);
      await sleep(3_500);
      door.hold(false);
      // Answered as soon as the machine finds the time.
      let network: Evidence["apis"][number] | undefined;
      await until(async () => {
        const evidence = await gather(from);
        [network] = evidence.apis;
        return (network?.slow ?? 0) >= 2 && !noted(evidence).includes("no answer yet");
      });
      assert.equal(network?.failed, 0);
      assert.ok((network?.worstGapSeconds ?? 0) >= 3, `a gap of ${network?.worstGapSeconds} s`);
    }));

  test("an outage that began before and has not ended is told in its whole length, with what waits for an answer", () =>
    watched(async ({ door, gather }) => {
      door.hold(true);
      await sleep(1_500);
      const from = new Date();
      await sleep(1_000);
      const to = new Date();
      await sleep(2_500);
      const evidence = await gather(from, to);
      door.hold(false);
      const [network] = evidence.apis;
      assert.ok((network?.worstGapSeconds ?? 0) >= 4.9, `a gap of ${network?.worstGapSeconds} s`);
      assert.match(noted(evidence), /network: its worst gap, .* s, began 1\.\d+ s before the begin, and had not ended/);
      assert.match(noted(evidence), /network: \d operations had no answer yet when this was gathered/);
    }));

  test("a witness that stood still was blind for that time, and counts nothing against the API", () =>
    watched(async ({ signal, gather }) => {
      const from = new Date();
      await sleep(500);
      signal("SIGSTOP");
      await sleep(3_500);
      signal("SIGCONT");
      await sleep(1_000);
      const evidence = await gather(from);
      const [network] = evidence.apis;
      assert.equal(evidence.witness, "PartlyBlind");
      assert.ok((network?.blindSeconds ?? 0) >= 3, `blind for ${network?.blindSeconds} s`);
      assert.equal(network?.failed, 0);
      assert.match(noted(evidence), /Blind for .* the witness stood still/);
    }));

  test("a witness that died and came back was blind in between, and knows what it saw before", () =>
    watched(async ({ restart, door, gather }) => {
      const from = new Date();
      await door.close();
      await sleep(1_500);
      await door.open();
      // What was seen is written every two seconds.
      await sleep(2_500);
      await restart({ stoppedMs: 2_500, empty: false });
      await sleep(500);
      const evidence = await gather(from);
      const [network] = evidence.apis;
      assert.equal(evidence.witness, "PartlyBlind");
      // The new process' life-cycle is one of them.
      assert.ok((network?.failed ?? 0) >= 3, `what failed before is known, not only ${network?.failed}`);
      assert.ok((network?.blindSeconds ?? 0) >= 2.5, `blind for ${network?.blindSeconds} s`);
      assert.match(noted(evidence), /Blind for .* the witness did not run/);
    }));

  test("a witness in another pod knows nothing of the time before, and says so", () =>
    watched(async ({ restart, gather }) => {
      const from = new Date();
      await restart({ stoppedMs: 2_000, empty: true });
      const began = new Date();
      await sleep(1_000);
      const evidence = await gather(from);
      assert.equal(evidence.witness, "PartlyBlind");
      const blind = evidence.apis[0]?.blindSeconds ?? 0;
      assert.ok(blind >= 2 && blind <= (began.getTime() - from.getTime()) / 1000, `blind for ${blind} s`);
      assert.match(noted(evidence), /the witness had not started/);
      // Of a window that ended before, it knows nothing at all.
      const before = await gather(new Date(from.getTime() - 1_500), from);
      assert.equal(before.witness, "Blind");
      assert.deepEqual(before.apis, [
        { name: "network", sent: 0, failed: 0, slow: 0, worstGapSeconds: 0, blindSeconds: 1.5 },
      ]);
    }));

  test("a witness that does not answer is blind after five seconds, whether it is gone or stands still", () =>
    watched(async ({ signal, gather }) => {
      const from = new Date();
      await sleep(1_000);
      for (const name of ["SIGSTOP", "SIGKILL"] as const) {
        signal(name);
        const start = new Date();
        const evidence = await gather(from);
        assert.ok(seconds(start) < 7, `${seconds(start)} s`);
        assert.equal(evidence.witness, "Blind");
        assert.equal(evidence.apis[0]?.blindSeconds, evidence.seconds);
        assert.match(noted(evidence), /Nothing is known of what users noticed: the witness did not answer/);
      }
    }));
});
