import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { detectCgroups, parseCgroups } from "../../src/underlay/cgroups.ts";
import { capabilityCheck, memoryCheck, processor } from "../../src/underlay/doctor-checks.ts";
import { missingOptions } from "../../src/underlay/doctor-kernel.ts";
import { requireFit, requireInstallable, runChecks } from "../../src/underlay/doctor.ts";
import { UnderlayError } from "../../src/underlay/errors.ts";
import { writeAtomic } from "../../src/underlay/files.ts";
import { underlayState } from "../../src/underlay/index.ts";
import { identify, isAlive, signal, until } from "../../src/underlay/processes.ts";
import { inFolder } from "./underlay-binary-source.contract.ts";

const mount = (point: string, type: string, options: string): string =>
  `30 24 0:26 / ${point} rw - ${type} cgroup rw,${options}`;

describe("control groups", () => {
  it("finds the second version", () => {
    const layout = parseCgroups("0::/user.slice\n", mount("/sys/fs/cgroup", "cgroup2", "nsdelegate"));
    assert.deepEqual(layout, { version: "v2", hierarchies: [{ name: "unified", mount: "/sys/fs/cgroup" }] });
  });

  it("finds the first version with joined controllers, beside systemd's and the second's own tree", () => {
    const self = "4:cpu,cpuacct:/\n3:memory:/\n2:name=systemd:/\n0::/\n";
    const mounts = [
      mount("/other/memory", "cgroup", "memory"),
      mount("/sys/fs/cgroup/cpu,cpuacct", "cgroup", "cpu,cpuacct"),
      mount("/sys/fs/cgroup/memory", "cgroup", "memory"),
      mount("/sys/fs/cgroup/systemd", "cgroup", "name=systemd"),
      mount("/sys/fs/cgroup/unified", "cgroup2", ""),
    ].join("\n");
    const layout = parseCgroups(self, mounts);
    assert.equal(layout.version, "v1");
    assert.deepEqual(
      layout.hierarchies.map(({ mount }) => mount),
      ["/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified"],
    );
  });

  it("says so when there are none", () => {
    assert.throws(() => parseCgroups("0::/\n", "30 24 0:26 / / rw - ext4 /dev/vda rw"), UnderlayError);
  });

  it("agrees with this machine", async () => {
    const { hierarchies } = await detectCgroups();
    for (const hierarchy of hierarchies)
      assert.ok((await readdir(hierarchy.mount)).includes("cgroup.procs"), hierarchy.name);
  });
});

describe("processes", () => {
  it("knows a process from a later one with its number, and a dead one from a live one", async () => {
    const child = spawn("sleep", ["60"]);
    const known = await identify(child.pid ?? 0);
    assert.ok(known !== undefined);
    assert.equal(await isAlive(known), true);
    assert.equal(await isAlive({ ...known, start: "1" }), false);
    assert.equal(await isAlive({ ...known, boot: "another" }), false);
    assert.equal(signal(known.pid, "SIGKILL"), true);
    await once(child, "exit");
    assert.equal(await isAlive(known), false);
    assert.equal(signal(known.pid, "SIGKILL"), false);
  });

  it("does not wait for what cannot come any more", async () => {
    const asked: string[] = [];
    const ready = async (): Promise<boolean> => asked.push("ready") > 100;
    const hopeless = async (): Promise<boolean> => asked.push("hopeless") > 3;
    assert.equal(await until(ready, { timeoutMs: 60_000, everyMs: 1, hopeless }), false);
    assert.deepEqual(asked, ["ready", "hopeless", "ready", "hopeless"]);
  });

  it("waits no longer than it is told, and asks once more at the end", async () => {
    let asked = 0;
    assert.equal(await until(async () => ++asked > 1_000, { timeoutMs: 30, everyMs: 5 }), false);
    assert.ok(asked > 1 && asked < 20);
    assert.equal(await until(() => Promise.resolve(true), { timeoutMs: 0 }), true);
  });
});

describe("files of the state", () => {
  it("are whole, private, and leave no half behind", async () => {
    await inFolder(async (folder) => {
      const path = join(folder, "deep/state.json");
      await Promise.all(Array.from({ length: 5 }, (_, index) => writeAtomic(path, String(index).repeat(1000))));
      await writeAtomic(path, "last");
      assert.equal(await readFile(path, "utf8"), "last");
      assert.equal((await stat(path)).mode & 0o777, 0o600);
      assert.deepEqual(
        (await readdir(join(folder, "deep"))).filter((name) => name !== "state.json"),
        [],
      );
    });
  });

  it("say that there is no cluster in an empty folder, and that one was half made", async () => {
    await inFolder(async (folder) => {
      assert.equal((await underlayState({ stateDir: folder })).state, "absent");
      await mkdir(join(folder, "underlay"));
      const { DEFAULT_CONFIG } = await import("../../src/underlay/config.ts");
      await writeAtomic(
        join(folder, "underlay/cluster.json"),
        JSON.stringify({ phase: "making", config: DEFAULT_CONFIG, kubernetes: "v1" }),
      );
      assert.equal((await underlayState({ stateDir: folder })).state, "half made");
      await writeAtomic(
        join(folder, "underlay/cluster.json"),
        JSON.stringify({ phase: "made", config: DEFAULT_CONFIG, kubernetes: "v1" }),
      );
      assert.equal((await underlayState({ stateDir: folder })).state, "stopped");
    });
  });
});

describe("doctor", () => {
  it("gives every check once, with a cure exactly where something is wrong", async () => {
    const checks = await runChecks({ cacheDir: tmpdir(), stateDir: tmpdir() });
    const ids = checks.map(({ id }) => id);
    assert.deepEqual(ids.toSorted(), [...new Set(ids)].toSorted());
    for (const check of checks) assert.equal(check.cure === "", check.ok, check.id);
    for (const id of ["root", "processor", "go", "cgroups", "kernel", "network", "disk-state", "kvm", "others"])
      assert.ok(ids.includes(id), id);
  });

  it("refuses a machine that is not x86_64, before anything is installed, and says so in the doctor", async () => {
    const options = { cacheDir: tmpdir(), stateDir: tmpdir(), architecture: "arm64" };
    const found = (await runChecks(options)).find(({ id }) => id === "processor");
    assert.equal(found?.ok, false);
    assert.match(found.found, /arm64.*x86_64 alone/);
    // Who is not root is told that first.
    const what = process.getuid?.() === 0 ? /processor: this machine is arm64/ : /not root/;
    for (const refuse of [requireFit, requireInstallable]) await assert.rejects(refuse(options), what);
    assert.equal(processor("x64").ok, true);
  });

  it("reads capabilities, memory and kernel options", () => {
    assert.equal(capabilityCheck("000001ffffffffff").ok, true);
    assert.match(capabilityCheck("000001fffeffffff").found, /CAP_SYS_RESOURCE/);
    assert.match(capabilityCheck("00000000a80425fb").found, /missing:.*CAP_SYS_ADMIN/);
    assert.equal(memoryCheck("MemTotal: 8000000 kB\nMemAvailable: 100 kB\n").ok, true);
    assert.equal(memoryCheck("MemTotal: 2000000 kB\nMemAvailable: 100 kB\n").ok, false);
    const config = "CONFIG_OVERLAY_FS=m\nCONFIG_VETH=y\nCONFIG_BRIDGE=y\nCONFIG_NF_TABLES=y\n";
    assert.deepEqual(missingOptions(config, true), ["taps of guests"]);
    assert.deepEqual(missingOptions(config, false), ["overlay file systems", "taps of guests"]);
  });
});
