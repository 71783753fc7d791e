// What `down` does with a cluster's data, on folders as a node leaves them; nothing of a real cluster is needed.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { parseAllDocuments } from "yaml";
import { customResourceDefinitions } from "../../src/api/crd.ts";
import type { Exec } from "../../src/host/exec.ts";
import { FakeKube } from "../../src/kube/fake.ts";
import { DEFAULT_CONFIG, ensureUnderlay, removeUnderlay, underlayState } from "../../src/underlay/index.ts";
import { type DownOptions, knownClouds, purge, takeDown } from "../../src/up/down.ts";
import { recordClouds } from "../../src/up/record.ts";
import { downLines, warning } from "../../src/cli/verbs/down.ts";
import { LAPTOP } from "./build-input.ts";

/** A node and bridges that no machine has: whatever is asked of the machine finds nothing. */
const config = {
  ...DEFAULT_CONFIG,
  nodeBridge: "uptest98",
  providerBridge: "uptest99",
  nodes: [{ name: "t98", number: 98 }],
};
/** What Retain keeps of the cluster that `stopped` and `recorded` make. */
const KEPT = [
  "clouds/laptop/cloud.yaml",
  "clouds/laptop/secrets.yaml",
  "guest/id_ed25519",
  "t98/nova/instances/disk",
  "t98/volumes/pvc-1_laptop_mariadb-data/ibdata",
  "t98/volumes/pvc-2_default_mine/file",
];
const exec: Exec = () => Promise.resolve({ stdout: "[]", stderr: "" });

describe("down and the data", () => {
  let stateDir = "";
  let told: string[] = [];
  let options: DownOptions;
  beforeEach(async () => {
    stateDir = await mkdtemp(join(tmpdir(), "up-down-"));
    told = [];
    const report = ({ message }: { message: string }) => void told.push(message);
    options = {
      stateDir,
      env: { XDG_CONFIG_HOME: join(stateDir, "config") },
      home: stateDir,
      entry: "underpin",
      report,
      exec,
    };
  });
  afterEach(() => rm(stateDir, { recursive: true, force: true }));

  const node = (...path: string[]) => join(stateDir, "underlay/nodes/t98", ...path);
  async function put(path: string, text = "x"): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }

  /** A cluster that was stopped: its record, its volumes, its guests' disks, the guest's key. */
  async function stopped(record: object = { phase: "made" }): Promise<void> {
    await put(join(stateDir, "underlay/cluster.json"), JSON.stringify({ config, kubernetes: "v1", ...record }));
    await put(node("var/lib/underpin/volumes/pvc-1_laptop_mariadb-data/ibdata"));
    await put(node("var/lib/underpin/volumes/pvc-2_default_mine/file"));
    await put(node("var/lib/underpin/nova/instances/disk"));
    await put(node("var/lib/etcd/member/db"));
    await put(join(stateDir, "guest/id_ed25519"));
  }

  /** What an API server with this Cloud leaves in the record. */
  async function recorded(spec: object = {}): Promise<FakeKube> {
    const kube = new FakeKube();
    for (const name of ["laptop", "laptop-nodes"])
      await kube.create({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
    for (const crd of customResourceDefinitions()) await kube.create(crd);
    const tls = { endpoints: { hostname: "cloud.example", tls: { secretRef: { name: "my-tls" } } } };
    await kube.create({ ...LAPTOP, spec: { ...LAPTOP.spec, ...tls, ...spec }, status: { phase: "Ready" } });
    for (const name of ["underpin-vault", "my-tls", "another"]) {
      const metadata = { name, namespace: "laptop" };
      await kube.create({ apiVersion: "v1", kind: "Secret", metadata, type: "Opaque", data: { a: "c2VjcmV0" } });
    }
    await recordClouds(kube, stateDir);
    return kube;
  }

  const files = async (folder: string): Promise<string[]> =>
    (await readdir(folder, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
      .toSorted();

  it("Retain keeps volumes, guests' disks, the Cloud, its credentials and the key, for root alone", async () => {
    await stopped();
    await recorded();
    const { removed, kept = "", deleted } = await takeDown(options);
    assert.deepEqual([removed, deleted], [true, []]);
    assert.deepEqual(await files(kept), KEPT);
    assert.equal((await stat(kept)).mode & 0o777, 0o700);
    for (const name of ["cloud.yaml", "secrets.yaml"])
      assert.equal((await stat(join(kept, "clouds/laptop", name))).mode & 0o777, 0o600);
    const cloud = parseAllDocuments(await readFile(join(kept, "clouds/laptop/cloud.yaml"), "utf8"))[0]?.toJS() as {
      metadata: object;
      status?: object;
    };
    assert.deepEqual([cloud.metadata, cloud.status], [{ name: "laptop", namespace: "laptop" }, undefined]);
    const secrets = parseAllDocuments(await readFile(join(kept, "clouds/laptop/secrets.yaml"), "utf8")).map(
      (document) => (document.toJS() as { metadata: { name: string } }).metadata.name,
    );
    assert.deepEqual(secrets.toSorted(), ["my-tls", "underpin-vault"], "what was generated, and what the Cloud names");
    assert.equal((await underlayState({ stateDir })).state, "absent");
    assert.deepEqual((await readdir(stateDir)).toSorted(), ["underlay"]);
    assert.ok(told.some((line) => line.includes(kept)));
    assert.ok(told.some((line) => /the API server does not run \(stopped\); as recorded at 20/.test(line)));
    assert.match(
      downLines({ removed, kept, deleted }).join("\n"),
      new RegExp(`kept in ${kept}.*sudo rm -r ${kept}`, "s"),
    );
  });

  it("Delete takes the Cloud's data with the cluster, and nobody else's", async () => {
    await stopped();
    await recorded({ deletionPolicy: "Delete" });
    assert.match(warning(false, await doomed()) ?? "", /laptop\/laptop is Delete \(the API server does not run/);
    const { kept = "", deleted } = await takeDown(options);
    assert.deepEqual(deleted, ["laptop/laptop"]);
    assert.deepEqual(await files(kept), ["t98/volumes/pvc-2_default_mine/file"]);
    assert.deepEqual((await readdir(stateDir)).toSorted(), ["underlay"]);
  });

  it("Delete leaves nothing when nobody else has data", async () => {
    await stopped();
    await rm(node("var/lib/underpin/volumes/pvc-2_default_mine"), { recursive: true });
    await recorded({ deletionPolicy: "Delete" });
    const { kept } = await takeDown(options);
    assert.equal(kept, undefined);
    assert.deepEqual(await files(stateDir), []);
    assert.deepEqual(downLines({ removed: true, deleted: ["laptop/laptop"] }), [
      "Removed.",
      "  data     gone: laptop/laptop",
    ]);
  });

  it("a changed policy counts as soon as it is recorded, and a Cloud that is gone is forgotten", async () => {
    await stopped();
    const kube = await recorded();
    assert.deepEqual((await doomed()).clouds, []);
    const ref = { apiVersion: "underpin.dev/v1alpha1", kind: "Cloud", namespace: "laptop", name: "laptop" };
    await kube.patch(ref, { type: "merge", value: { spec: { deletionPolicy: "Delete" } } });
    await recordClouds(kube, stateDir);
    assert.deepEqual((await doomed()).clouds, ["laptop/laptop"]);
    for (const gone of [ref, { apiVersion: "v1", kind: "Secret", namespace: "laptop", name: "underpin-vault" }])
      await kube.delete(gone);
    await recordClouds(kube, stateDir);
    assert.deepEqual(await files(join(stateDir, "clouds")), []);
  });

  it("without any record all data is kept, and what is missing is told", async () => {
    await stopped();
    const { kept = "" } = await takeDown(options);
    assert.ok((await files(kept)).includes("t98/volumes/pvc-1_laptop_mariadb-data/ibdata"));
    assert.ok(told.some((line) => /nothing was recorded, so all data is kept/.test(line)));
  });

  it("an interrupted removal goes on as it was decided, by down and by up", async () => {
    for (const again of ["down", "up"]) {
      await rm(stateDir, { recursive: true, force: true });
      const keepIn = join(stateDir, "underlay/retained/earlier");
      const alongside = [{ path: join(stateDir, "clouds/laptop"), name: "clouds/laptop" }];
      await stopped({
        phase: "removing",
        removal: { keepIn, dropVolumesOf: ["default"], dropNodeState: true, alongside },
      });
      await put(join(keepIn, "clouds/laptop/cloud.yaml")); // was moved already
      assert.equal((await underlayState({ stateDir })).state, "half removed");
      if (again === "down")
        await removeUnderlay({ ...options, data: { dropVolumesOf: [], dropNodeState: false, alongside: [] } });
      // Making a new node is not what is tested: the machine refuses it.
      else await assert.rejects(ensureUnderlay({ ...options, exec: refusing, config } as never), /refused/);
      assert.deepEqual(
        await files(keepIn),
        ["clouds/laptop/cloud.yaml", "t98/volumes/pvc-1_laptop_mariadb-data/ibdata"],
        again,
      );
    }
  });

  it("killed at any moment and run again, it loses nothing of what is to be kept", async () => {
    const script = `import { takeDown } from ${JSON.stringify(new URL("../../src/up/down.ts", import.meta.url).href)};
      const exec = () => Promise.resolve({ stdout: "[]", stderr: "" });
      console.log("go");
      await takeDown({ stateDir: process.argv[1], home: process.argv[1], env: {}, entry: "underpin", report: () => undefined, exec });`;
    let killed = 0;
    // More of the first moment where the machine was too slow to kill any in time.
    const moments = [0, 3, 6, 12, 24, ...Array.from({ length: 20 }, () => 0)];
    for (const [index, moment] of moments.entries()) {
      if (index >= 5 && killed > 0) break;
      await rm(stateDir, { recursive: true, force: true });
      await stopped();
      await recorded();
      const child = spawn(process.execPath, ["--input-type=module", "-e", script, stateDir], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      await once(child.stdout, "data");
      await sleep(moment);
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      if (child.signalCode !== null) killed += 1;
      await takeDown(options);
      const kept = await readdir(join(stateDir, "underlay/retained"));
      assert.equal(kept.length, 1, `killed after ${moment} ms: all is in one folder`);
      assert.deepEqual(
        await files(join(stateDir, "underlay/retained", kept[0] ?? "")),
        KEPT,
        `killed after ${moment} ms`,
      );
      assert.equal((await underlayState({ stateDir })).state, "absent");
    }
    assert.ok(killed > 0, "none was killed while it worked");
  });

  it("--purge removes the data whatever the policy, and what was kept before", async () => {
    await stopped();
    await recorded();
    await put(join(stateDir, "underlay/retained/earlier/t98/volumes/pvc-3_laptop_x/file"));
    assert.match(warning(true, await doomed()) ?? "", /All data/);
    const deleted = ["laptop/laptop", "data that an earlier removal had kept"];
    assert.deepEqual(await purge(options), { removed: true, deleted });
    assert.deepEqual(await files(stateDir), []);
  });

  it("--purge of what an earlier removal kept says that it is gone", async () => {
    await put(join(stateDir, "underlay/retained/earlier/t98/volumes/pvc-3_laptop_x/file"));
    const result = await purge(options);
    assert.deepEqual(result, { removed: true, deleted: ["data that an earlier removal had kept"] });
    assert.deepEqual(downLines(result), ["Removed.", "  data     gone: data that an earlier removal had kept"]);
    assert.deepEqual(await files(stateDir), []);
    assert.deepEqual(await purge(options), { removed: false, deleted: [] });
  });

  async function doomed() {
    const { clouds, source } = await knownClouds(stateDir);
    const names = clouds.filter(({ deletionPolicy }) => deletionPolicy === "Delete");
    return { clouds: names.map(({ namespace, name }) => `${namespace}/${name}`), source };
  }
});

const refusing: Exec = (file, args) =>
  args.includes("-batch") ? Promise.reject(new Error("refused")) : exec(file, args);
