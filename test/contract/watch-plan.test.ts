// `underpin plan PLAN` and `underpin watch` against a real API server: as they are typed, with what they answer.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseXml } from "@rgrove/parse-xml";
import { readCloud } from "../../src/api/cloud.ts";
import { customResourceDefinitions } from "../../src/api/crd.ts";
import { CLI_FIELD_MANAGER } from "../../src/api/names.ts";
import type { Plan } from "../../src/api/plan.ts";
import { planRef } from "../../src/cli/plans.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { createClient } from "../../src/kube/http-client.ts";
import { contentConfigMaps, packContent } from "../../src/plan/content.ts";
import type { Plan as WholePlan } from "../../src/plan/plan.ts";
import { LAPTOP } from "../unit/build-input.ts";
import { FAILED, PENDING, storedPlan, SUCCEEDED } from "../unit/stored-plans.ts";
import { type ApiServer, binaries, startApiServer } from "./api-server.ts";

const bin = binaries();
const ROOT = fileURLToPath(new URL("../../", import.meta.url));

interface Command {
  readonly ended: Promise<Ran>;
  /** Resolves when it has written the text to standard output. */
  readonly heard: (text: string) => Promise<void>;
  /** Ctrl-C. */
  readonly interrupt: () => void;
}

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

describe(
  "Plans in a real API server, as commands show them",
  { skip: bin === undefined ? "kube-apiserver and etcd are not there" : false },
  () => {
    let server: ApiServer;
    let kube: KubeClient;
    let folder: string;

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "watch-contract-"));
      server = await startApiServer(bin ?? "");
      kube = createClient(server.config);
      await writeFile(join(folder, "kubeconfig"), server.kubeconfig);
      const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "laptop" } };
      await kube.apply(namespace, { fieldManager: CLI_FIELD_MANAGER });
      for (const crd of customResourceDefinitions()) await kube.apply(crd, { fieldManager: CLI_FIELD_MANAGER });
      await untilServed(PENDING);
      const { uid: _uid, generation: _generation, ...metadata } = LAPTOP.metadata;
      await kube.create({ ...LAPTOP, metadata });
    });

    after(async () => {
      await kube?.close();
      await server?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    /** A new kind is served some moments after it was made. */
    async function untilServed(plan: Plan): Promise<void> {
      const { status: _status, ...bare } = plan;
      for (let attempt = 0; ; attempt += 1) {
        try {
          await kube.create(bare);
          return;
        } catch (error) {
          if (attempt > 600) throw error;
          await sleep(100);
        }
      }
    }

    async function make(plan: Plan): Promise<void> {
      const { status: _status, ...bare } = plan;
      await kube.delete(planRef(plan));
      await kube.create(bare);
      await say(plan);
    }

    async function say(plan: Plan): Promise<void> {
      // What a status does not have any more is taken away by null.
      const gone = { approval: null, progress: null, evidence: null, content: null };
      await kube.patch(
        planRef(plan),
        { type: "merge", value: { status: { ...gone, ...plan.status } } },
        { subresource: "status" },
      );
    }

    function start(args: readonly string[]): Command {
      const all = ["src/cli/main.ts", ...args, "--kubeconfig", join(folder, "kubeconfig")];
      const child = spawn(process.execPath, all, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
      let [out, err] = ["", ""];
      child.stdout.on("data", (part: Buffer) => (out += part.toString("utf8")));
      child.stderr.on("data", (part: Buffer) => (err += part.toString("utf8")));
      const ended = new Promise<Ran>((done) => {
        child.on("close", (code) => done({ code, out, err }));
      });
      const heard = async (text: string): Promise<void> => {
        for (let attempt = 0; !out.includes(text); attempt += 1) {
          assert.ok(attempt < 1200 && child.exitCode === null, `never heard "${text}", but: ${out}${err}`);
          await sleep(50);
        }
      };
      return { interrupt: () => child.kill("SIGINT"), ended, heard };
    }

    const run = (...args: readonly string[]): Promise<Ran> => start(args).ended;

    test("a Plan is shown by its name, by its hash, and without either", async () => {
      await make(SUCCEEDED);
      const byName = await run("plan", "laptop-7");
      assert.deepEqual([byName.code, byName.err], [0, ""]);
      for (const part of [
        "Succeeded: 6 of 6 steps done",
        "jane, by a PlanApproval",
        "No request failed, of 240",
        "● db* 9 s",
      ])
        assert.ok(byName.out.includes(part), part);
      assert.equal((await run("plan", "3f9a1c2b7d10")).out, byName.out);
      assert.equal((await run("plan")).out, byName.out);
      const json = JSON.parse((await run("plan", "laptop-7", "-o", "json")).out) as Plan;
      assert.deepEqual(json.status, JSON.parse(JSON.stringify(SUCCEEDED.status)));
      const none = await run("plan", "laptop-8");
      assert.deepEqual([none.code, none.out], [1, ""]);
      assert.match(none.err, /^error: There is no Plan laptop-8\n {2}next: Did you mean laptop-7\?/);
    });

    test("the whole of a Plan comes from its ConfigMaps, and as a picture from its steps", async () => {
      const plan: WholePlan = {
        cloud: { namespace: "laptop", name: "laptop" },
        hash: SUCCEEDED.status?.hash ?? "",
        empty: false,
        count: { created: 0, changed: 1, deleted: 0, unchanged: 0 },
        objects: [
          { type: "changed", key: "ConfigMap/laptop/made-up", fields: [{ path: "data.a", before: "1", after: "2" }] },
        ],
        configuration: [],
        workloads: [],
        steps: [],
        dataAtRisk: [],
        refused: [],
        provisional: [],
        notes: [],
      };
      const packed = packContent({ formatVersion: 1, plan, after: readCloud(LAPTOP).spec }, { prefix: "laptop-7" });
      const live = await kube.get(planRef(SUCCEEDED));
      const owner = { namespace: "laptop", name: "laptop-7", uid: live?.metadata.uid ?? "" };
      const maps = contentConfigMaps(packed, owner);
      for (const map of maps) await kube.create(map);
      const chunks = packed.chunks.map(({ name }) => name);
      await say(storedPlan({ ...SUCCEEDED.status, content: { hash: packed.hash, chunks } }));
      const svg = join(folder, "plan.svg");
      const shown = await run("plan", "laptop-7", "--detail", "--svg", svg);
      assert.deepEqual([shown.code, shown.err], [0, ""]);
      assert.match(shown.out, /\nOBJECTS\n~ ConfigMap\/laptop\/made-up\n {4}data\.a: "1" → "2"\n/);
      assert.match(shown.out, /\nSTEPS\nSTEP +STATE +TOOK/);
      assert.match(parseXml(await readFile(svg, "utf8")).root?.text ?? "", /Plan laptop-7 of laptop\/laptop/);
      const markdown = await run("plan", "laptop-7", "-o", "markdown");
      assert.match(markdown.out, /^### Plan laptop-7 of laptop\/laptop\n/);
      await kube.delete({
        apiVersion: "v1",
        kind: "ConfigMap",
        namespace: "laptop",
        name: maps[0]?.metadata.name ?? "",
      });
      const broken = await run("plan", "laptop-7", "--detail");
      assert.equal(broken.code, 1);
      assert.match(broken.err, /part 1 of 1 is missing\n {2}next: /);
    });

    test("a plan is watched to its end, and the exit code says which", async () => {
      for (const [last, code] of [
        [SUCCEEDED, 0],
        [FAILED, 1],
      ] as const) {
        await make(PENDING);
        const { ended, heard } = start(["watch", "laptop-7"]);
        await heard("Plan laptop-7 Pending");
        await say(storedPlan());
        await heard("... keystone/api (about 12 s)");
        await say(last);
        const { code: found, out, err } = await ended;
        assert.deepEqual([found, err], [code, ""], out);
        assert.match(out, /\nok {2}keystone\/db \(9 s\)\n/);
        assert.match(out, code === 0 ? /\nNo request failed, of 240/ : /\n {4}next: underpin logs keystone\n/);
      }
    });

    test("Ctrl-C ends the watching and not the plan", async () => {
      await make(storedPlan());
      const before = await kube.get(planRef(PENDING));
      const { ended, heard, interrupt } = start(["watch"]);
      await heard("... keystone/api");
      interrupt();
      const { code, err } = await ended;
      assert.equal(code, 130);
      assert.match(err, /^Plan laptop-7 goes on without being watched\.\n {2}next: underpin watch laptop-7/);
      assert.deepEqual(await kube.get(planRef(PENDING)), before);
    });
  },
);
