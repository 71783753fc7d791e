import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { exec } from "../../src/host/exec.ts";
import type { Report } from "../../src/host/progress.ts";
import {
  ensureUnderlay,
  purgeUnderlay,
  removeUnderlay,
  stopUnderlay,
  underlayState,
  type EnsureOptions,
} from "../../src/underlay/index.ts";
import type { NodeProcesses } from "../../src/underlay/node-types.ts";
import { writeImage } from "../../src/underlay/oci.ts";
import { signal } from "../../src/underlay/processes.ts";
import { fingerprint, machine, nodeProcesses, prepared } from "./underlay-setup.ts";
import { WORKLOAD } from "./underlay-workload.ts";

const CHILD = fileURLToPath(new URL("./underlay-child.ts", import.meta.url));
/** Milliseconds after which a run is killed: from the first bridge to the last wait. Fixed, so that a failure can be repeated. */
const MOMENTS = [5, 60, 250, 600, 1200, 2500, 4000, 6000];

describe(
  "a cluster on this machine",
  { skip: process.getuid?.() === 0 ? false : "needs root", timeout: 600_000 },
  () => {
    let stateDir: string;
    let options: EnsureOptions;
    let untouched: Record<string, string>;

    const kubectl = async (...args: string[]): Promise<string> =>
      (
        await exec(`${options.binaries.bin}/kubectl`, ["--kubeconfig", `${stateDir}/underlay/kubeconfig`, ...args])
      ).stdout.trim();
    const eventually = async (what: string, seconds: number, works: () => Promise<boolean>): Promise<void> => {
      for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(200)) {
        if (await works().catch(() => false)) return;
      }
      assert.fail(`not within ${seconds} s: ${what}`);
    };
    const web = async (): Promise<string> =>
      (await fetch("http://10.92.0.17:30999/health", { signal: AbortSignal.timeout(1000) })).text();
    const commands = async (): Promise<string[]> =>
      Promise.all(
        (await nodeProcesses()).map(async (pid) =>
          (await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "")).trim(),
        ),
      );

    const endNode = (): void => {
      const text = readFileSync(`${stateDir}/underlay/nodes/t7/node.json`, "utf8");
      signal((JSON.parse(text) as NodeProcesses).init.pid, "SIGKILL");
    };

    before(async () => {
      stateDir = await mkdtemp("/var/tmp/underpin-test-");
      options = await prepared(stateDir);
      untouched = await machine();
    });
    after(async () => {
      await purgeUnderlay(options);
      await rm(stateDir, { recursive: true, force: true });
    });

    it("survives a kill of `up` at any moment, and then has exactly one of everything", async () => {
      for (const moment of MOMENTS) {
        const child = spawn(process.execPath, [CHILD, stateDir], { stdio: ["ignore", "pipe", "inherit"] });
        await once(child.stdout, "data");
        await sleep(moment);
        child.kill("SIGKILL");
        if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      }
      const handle = await ensureUnderlay(options);
      assert.equal((await stat(handle.kubeconfig)).mode & 0o777, 0o600);
      const running = await commands();
      for (const program of ["s6-svscan", "containerd", "kubelet", "etcd", "kube-apiserver", "kube-scheduler"]) {
        assert.equal(running.filter((name) => name === program).length, 1, program);
      }
      assert.match(await kubectl("get", "nodes", "--no-headers"), /^t7 +Ready/);
    });

    it("does nothing when all runs", async () => {
      const handle = await ensureUnderlay(options);
      assert.equal(handle.changed, false);
      assert.deepEqual((await underlayState(options)).state, "running");
    });

    it("goes on after a kill when the node is Ready already, whose kubelet repeats that only every five minutes", async () => {
      const file = `${stateDir}/underlay/cluster.json`;
      const { addons, ...before } = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
      await writeFile(file, JSON.stringify(before)); // killed after the add-ons' apply, before it was written down
      const handle = await ensureUnderlay(options);
      assert.equal(handle.changed, true);
      assert.deepEqual(JSON.parse(await readFile(file, "utf8")), { ...before, addons });
    });

    it("runs a pod with a volume, DNS and a node port that this machine reaches", async () => {
      const apply = ["--kubeconfig", `${stateDir}/underlay/kubeconfig`, "apply", "-f", "-"];
      // A new cluster makes its default service account a moment after it is Ready.
      await eventually("the objects are accepted", 60, async () =>
        (await exec(`${options.binaries.bin}/kubectl`, apply, { input: WORKLOAD })).stdout.includes("pod/web"),
      );
      await eventually("the node port answers", 120, async () => (await web()) === "OK");
      assert.equal(await kubectl("get", "pvc", "data", "-o", "jsonpath={.status.phase}"), "Bound");
      const handle = await ensureUnderlay(options);
      // The node's own shell asks the cluster's DNS through bash's sockets: a question for web.default.svc.cluster.local, type A.
      const question =
        "\\x12\\x34\\x01\\x00\\x00\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x03web\\x07default\\x03svc\\x07cluster\\x05local\\x00\\x00\\x01\\x00\\x01";
      const script = `exec 3<>/dev/udp/10.97.0.10/53; printf '${question}' >&3; timeout 5 head -c 30 <&3 | od -An -tu1`;
      let answer: readonly number[] = [];
      // A question by UDP may get lost, and is asked again.
      await eventually("DNS answers", 60, async () => {
        answer = (await handle.runInNode("t7", ["bash", "-c", script])).stdout.trim().split(/\s+/).map(Number);
        return answer.length > 8;
      });
      assert.equal(answer[3]! & 15, 0, "no error");
      assert.equal(answer[7], 1, "one answer");
    });

    it("comes back as the same cluster with its data after everything of the node was killed", async () => {
      const uid = await kubectl("get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}");
      for (const pid of await nodeProcesses()) signal(pid, "SIGKILL");
      await eventually("all processes end", 60, async () => (await nodeProcesses()).length === 0);
      assert.equal((await ensureUnderlay(options)).changed, true);
      assert.equal(await kubectl("get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}"), uid);
      await eventually("the node port answers again", 120, async () => (await web()) === "OK");
    });

    it("starts a node again that ends while it is waited for", async () => {
      // Not waited for: a node that is on its way out is found as one that still runs.
      for (const pid of await nodeProcesses()) signal(pid, "SIGKILL");
      const told: string[] = [];
      const report: Report = ({ part, state, message }) => {
        if (state === "info") told.push(message);
        if (part !== "underlay/api" || state !== "started" || told.length > 1) return;
        endNode();
      };
      await ensureUnderlay({ ...options, report });
      assert.ok(told.includes("node t7 ended meanwhile, and is started again"), told.join("; "));
      await eventually("the node port answers again", 120, async () => (await web()) === "OK");
    });

    it("says so when a node ends again and again", async () => {
      const report: Report = ({ part, state }) => {
        if (part !== "underlay/api" || state !== "started") return;
        endNode();
      };
      await stopUnderlay(options);
      await assert.rejects(ensureUnderlay({ ...options, report }), /^UnderlayError: Node t7 ended three times/);
      await ensureUnderlay(options);
      await eventually("the node port answers again", 120, async () => (await web()) === "OK");
    });

    it("stops without a trace on the machine, and starts again", async () => {
      await stopUnderlay(options);
      assert.deepEqual(await machine(), untouched);
      assert.equal((await underlayState(options)).state, "stopped");
      await ensureUnderlay(options);
      await eventually("the node port answers again", 120, async () => (await web()) === "OK");
    });

    it("takes a further image while it runs, on top of those that were there from the start", async () => {
      const handle = await ensureUnderlay(options);
      const image = { file: `${stateDir}/further.tar`, names: ["underpin.local/further:1"] };
      await writeImage(image.file, [{ path: "hello", type: "text", text: "hello" }], image.names);
      assert.deepEqual(await handle.importImages("t7", [image]), image.names);
      assert.deepEqual(await handle.importImages("t7", [image]), [], "an image that is there is no work");
      const { stdout } = await handle.runInNode("t7", ["ctr", "-n", "k8s.io", "images", "check", "-q"]);
      assert.ok(stdout.includes(image.names[0] ?? "") && stdout.includes("underpin.local/etcd:"));
    });

    it("leaves nothing but its volumes' data when it is removed, and a new one shares no key with it", async () => {
      const key = async (): Promise<string> =>
        fingerprint(await readFile(`${stateDir}/underlay/nodes/t7/upper/etc/kubernetes/pki/ca.key`, "utf8"));
      const first = await key();
      const data = { dropVolumesOf: [], dropNodeState: false, alongside: [] };
      const kept = await removeUnderlay({ ...options, data });
      assert.deepEqual(await machine(), untouched);
      assert.equal((await underlayState(options)).state, "absent");
      assert.match((await readdir(`${kept}/t7/volumes`)).join(" "), /_default_data$/);
      assert.equal((await stat(kept ?? "")).mode & 0o777, 0o700);
      const told: string[] = [];
      const report: Report = ({ part, state, message }) => {
        if (state === "info") told.push(message);
        if (part === "underlay/kubeadm" && state === "started" && told.length === 0) setTimeout(endNode, 1_500);
      };
      await ensureUnderlay({ ...options, report });
      assert.ok(told.includes("node t7 ended meanwhile, and is started again"), told.join("; "));
      assert.notEqual(await key(), first);
    });

    it("leaves nothing at all when it is removed with its data", async () => {
      await purgeUnderlay(options);
      assert.deepEqual(await machine(), untouched);
      await assert.rejects(stat(`${stateDir}/underlay`), { code: "ENOENT" });
    });
  },
);
