// `up` on machines that cannot: one clear error each, with what to do next, and nothing changed. No cluster is made.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  access,
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  statfs,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { kvmUsable } from "../../src/underlay/kvm.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const MAIN = join(ROOT, "src/cli/main.ts");
const skip = process.getuid?.() === 0 ? false : "bad machines are made of namespaces, and those need root";

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

let folder: string;
let env: NodeJS.ProcessEnv;

function run(file: string, args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(file, [...args], { env: { ...env, ...more }, cwd: ROOT, timeout: 280_000 }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), out, err });
    });
  });
}

const quoted = [process.execPath, MAIN, "up", "--yes"].map((word) => `'${word}'`).join(" ");

/** `up` after a script, in namespaces of mounts and network of its own: what the script does to the machine ends with it. */
function upAfter(script: string, more: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  return run(
    "unshare",
    ["--mount", "--net", "--propagation", "private", "sh", "-c", `set -e; ${script}; exec ${quoted}`],
    more,
  );
}

/** One error in our form: what and why in the first line, then what to do next; no stack trace. */
function assertOneError({ code, err }: Outcome, what: RegExp, next: RegExp): void {
  assert.equal(code, 1, err);
  const errors = err.split("\n").filter((line) => line.startsWith("error: "));
  assert.equal(errors.length, 1, err);
  assert.match(errors[0] ?? "", what);
  assert.match(/^ {2}next: (.*)$/m.exec(err)?.[1] ?? "", next);
  assert.doesNotMatch(err, /\n\s+at /);
}

/** What is left of a run that was refused: Go keeps its own books in the user's configuration folder. */
async function left(): Promise<string[]> {
  return (await readdir(folder)).filter((name) => !["config", "bin"].includes(name)).toSorted();
}

describe("up on a machine that cannot", { skip, timeout: 600_000 }, () => {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "bad-machine-"));
    await chmod(folder, 0o777);
    env = {
      PATH: process.env["PATH"],
      HOME: folder,
      XDG_CONFIG_HOME: join(folder, "config"),
      UNDERPIN_CACHE: join(folder, "cache"),
      UNDERPIN_STATE: join(folder, "state"),
    };
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("not root", async () => {
    // Another user, who may read this checkout wherever it is.
    const user = [
      "--reuid=65534",
      "--regid=65534",
      "--clear-groups",
      "--inh-caps=+dac_read_search",
      "--ambient-caps=+dac_read_search",
    ];
    const outcome = await run("setpriv", [...user, process.execPath, MAIN, "up", "--yes"]);
    assertOneError(outcome, /You are not root/, /sudo/);
    assert.doesNotMatch(outcome.out, /will be installed/);
    assert.deepEqual(await left(), []);
  });

  for (const [name, variable] of [
    ["state", "UNDERPIN_STATE"],
    ["cache", "UNDERPIN_CACHE"],
  ] as const) {
    it(`no space for its ${name}`, async () => {
      const small = join(folder, "small");
      await mkdir(small);
      const outcome = await upAfter(`mount -t tmpfs -o size=16m tmpfs '${small}'`, { [variable]: join(small, name) });
      assertOneError(
        outcome,
        new RegExp(`disk-${name}: 0 GiB free in ${small}, \\d+ GiB are needed`),
        new RegExp(variable),
      );
      assert.deepEqual(await left(), ["small"]);
    });
  }

  /** A PATH with what `up` uses, but these. */
  async function pathWithout(...lacking: readonly string[]): Promise<string> {
    const bin = join(folder, "bin");
    await mkdir(bin);
    const used = [
      "sh",
      "apt-get",
      "dpkg-deb",
      "mmdebstrap",
      "ip",
      "ping",
      "mount",
      "unshare",
      "nsenter",
      "setpriv",
      "chroot",
      "tar",
      "go",
    ];
    for (const name of used.filter((one) => !lacking.includes(one))) {
      const place = await find(name);
      if (place !== undefined) await symlink(place, join(bin, name));
    }
    return bin;
  }

  async function find(name: string): Promise<string | undefined> {
    for (const place of (process.env["PATH"] ?? "").split(delimiter).map((one) => join(one, name))) {
      const there = await access(place).then(
        () => true,
        () => false,
      );
      if (there) return place;
    }
    return undefined;
  }

  it("no Go", async () => {
    const outcome = await run(process.execPath, [MAIN, "up", "--yes"], { PATH: await pathWithout("go") });
    assertOneError(outcome, /go: Go is not installed/, /Install Go/);
    assert.deepEqual(await left(), []);
  });

  it("a program missing, and no apt to bring it", async () => {
    const PATH = await pathWithout("apt-get", "mmdebstrap");
    const outcome = await run(process.execPath, [MAIN, "up", "--yes"], { PATH });
    assertOneError(outcome, /tools: missing: apt-get, mmdebstrap/, /apt-get install apt mmdebstrap/);
    assert.deepEqual(await left(), []);
  });

  it("a program that apt could bring, on a machine that is unfit anyway: nothing is installed", async () => {
    const PATH = await pathWithout("mmdebstrap", "go");
    const called = join(folder, "config/called");
    await mkdir(join(folder, "config"));
    await rm(join(PATH, "apt-get"), { force: true });
    await writeFile(join(PATH, "apt-get"), `#!/bin/sh\ntouch '${called}'\n`, { mode: 0o755 });
    const outcome = await run(process.execPath, [MAIN, "up", "--yes"], { PATH });
    assertOneError(outcome, /go: Go is not installed/, /Install Go/);
    await assert.rejects(access(called), { code: "ENOENT" });
  });

  it("an address range that is in use", async () => {
    const outcome = await upAfter(
      "ip link add lan0 type bridge; ip addr add 10.90.0.5/16 dev lan0; ip link set lan0 up",
    );
    assertOneError(
      outcome,
      /network: The range 10\.90\.0\.0\/24 is in use on this machine: 10\.90\.0\.0\/16 goes through lan0/,
      /ip route del 10\.90\.0\.0\/16 dev lan0/,
    );
    assert.deepEqual(await left(), []);
  });

  it("a bridge of its name that it did not make", async () => {
    const outcome = await upAfter("ip link add underpin0 type bridge");
    assertOneError(
      outcome,
      /network: The interface underpin0 exists on this machine/,
      /ip link set underpin0 name OTHER/,
    );
    assert.deepEqual(await left(), []);
  });

  it("docker's firewall that drops what is forwarded; docker and containerd alone do no harm", async () => {
    const bin = join(folder, "bin");
    await mkdir(bin);
    await writeFile(join(bin, "iptables"), "#!/bin/sh\necho '-P FORWARD DROP'\n", { mode: 0o755 });
    const others =
      "mount -t tmpfs tmpfs /run; mkdir -p /run/containerd; touch /run/containerd/containerd.sock /run/docker.sock";
    const dropping = await upAfter(others, { PATH: `${bin}${delimiter}${process.env["PATH"]}` });
    assertOneError(dropping, /others: the firewall drops forwarded packets/, /iptables -I FORWARD -i underpin\+/);
    await writeFile(join(bin, "iptables"), "#!/bin/sh\necho '-P FORWARD ACCEPT'\n", { mode: 0o755 });
    const doctor = `${others}; exec '${process.execPath}' '${MAIN}' doctor -o json`;
    const { out } = await run("unshare", ["--mount", "--propagation", "private", "sh", "-c", doctor], {
      PATH: `${bin}${delimiter}${process.env["PATH"]}`,
    });
    const { checks } = JSON.parse(out) as { checks: { id: string; ok: boolean; found: string }[] };
    const check = checks.find(({ id }) => id === "others");
    assert.equal(check?.ok, true);
    assert.match(check.found, /docker, containerd run here too/);
  });

  it("npm's registry that cannot be reached, on a fresh checkout", async (context) => {
    if ((await find("npm")) === undefined) return context.skip("there is no npm");
    const checkout = join(folder, "config");
    await mkdir(checkout);
    for (const name of ["underpin", "package.json", "package-lock.json"])
      await copyFile(join(ROOT, name), join(checkout, name));
    await symlink(join(ROOT, "src"), join(checkout, "src"));
    const outcome = await run("unshare", ["--net", join(checkout, "underpin"), "up", "--yes"], {
      npm_config_fetch_retries: "0",
      npm_config_cache: join(checkout, "npm"),
    });
    assertOneError(outcome, /npm could not get what Underpin needs/, /npm's registry must be reachable/);
    assert.match(outcome.err, /^npm err/im, "npm's own reason is told");
  });

  it("registries that cannot be reached, with nothing in the cache", async (context) => {
    const { bavail, bsize } = await statfs(folder);
    if (bavail * bsize < 20 * 2 ** 30)
      return context.skip("an empty cache is refused here already: less than 20 GiB are free");
    const outcome = await upAfter("true");
    assertOneError(
      outcome,
      /could not be built: (the Go module proxy|packages) cannot be reached/,
      /Look at the network/,
    );
    assert.match(outcome.err, /^ {2}log: .*underpin-up\.log$/m);
    assert.equal(/emulated \(TCG\)/.test(outcome.out), !(await kvmUsable()), "guests without KVM are told beforehand");
    assert.doesNotMatch(outcome.err, /^ {4}(Get:|Unpacking|go: downloading)/m, "no raw output of programs");
    assert.deepEqual(await left(), ["cache"]);
    const halfMade = (await readdir(join(folder, "cache/store"), { recursive: true })).filter((name) =>
      name.includes(".making-"),
    );
    assert.deepEqual(halfMade, []);
    const mounts = (await readFile("/proc/self/mounts", "utf8")).split("\n").filter((line) => line.includes(folder));
    assert.deepEqual(mounts, []);
  });
});
