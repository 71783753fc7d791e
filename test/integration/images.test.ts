import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { exec } from "../../src/host/exec.ts";
import { type BuiltImage, ensureDirectory, ensureImages } from "../../src/images/index.ts";
import { attempts } from "../harness/attempts.ts";
import { options } from "./images-recipes.ts";

const skip = process.getuid?.() === 0 ? false : "building images needs root";
let folder = "";
let cache = "";
let store = "";

before(async () => {
  // A space, a comma and a colon: all of them mean something to mount.
  folder = await mkdtemp(join(tmpdir(), "underpin images,a:b-"));
  cache = join(folder, "cache");
  store = join(folder, "store");
});
after(() => rm(folder, { recursive: true, force: true }));

async function build(name: string): Promise<BuiltImage> {
  const images = await ensureImages({ ...options(cache, store), names: [name] });
  const image = images.at(-1);
  assert.equal(image?.name, name);
  return image;
}

/** Lines `mode owner size date time name` of the layer's tar inside an archive. */
async function layerList(archive: string): Promise<string> {
  const { stdout: blobs } = await exec("tar", ["-tvf", archive]);
  const largest = blobs
    .split("\n")
    .toSorted((a, b) => Number(b.split(/\s+/)[2] ?? 0) - Number(a.split(/\s+/)[2] ?? 0))[0];
  const name = largest?.split(/\s+/).at(-1) ?? "";
  return (await exec("sh", ["-c", 'tar -xOf "$1" "$2" | tar --numeric-owner -tvf -', "sh", archive, name])).stdout;
}

async function leftovers(): Promise<{ mounts: string[]; work: string[]; halfMade: string[] }> {
  const mounts = (await readFile("/proc/self/mountinfo", "utf8"))
    .split("\n")
    .filter((line) => line.includes("underpin\\040images"));
  const work = await readdir(join(cache, "images"));
  const entries = await readdir(join(store, "image"));
  return {
    mounts,
    work: work.filter((name) => name === "work" || name === "lock"),
    halfMade: entries.filter((name) => name.startsWith(".")),
  };
}

const CLEAN = { mounts: [], work: [], halfMade: [] };

test(
  "a small image is built: users, package, file, removal, and nothing of the build",
  { skip, timeout: 300_000 },
  async () => {
    const umask = process.umask(0o077);
    const image = await build("small").finally(() => process.umask(umask));
    const list = await layerList(image.archive);
    assert.match(list, /-rwxr-xr-x 0\/0 .* \.\/usr\/bin\/tini\n/);
    assert.match(list, /-rw-r----- 4711\/0 .* \.\/etc\/small\/greeting\n/);
    assert.match(list, /\.\/etc\/small\/odd name \[1\] -> greeting\n/);
    assert.match(list, / \.\/etc\/\.wh\.issue\n/);
    assert.match(list, / \.\/usr\/share\/\.wh\.zoneinfo\n/);
    assert.doesNotMatch(list, /policy-rc\.d|resolv\.conf|\.deb\n|usr\/share\/man\/|var\/lib\/apt\/lists\/./);
    const bill = JSON.parse(await readFile(image.sbom, "utf8")) as { components: { name: string }[] };
    assert.ok(
      bill.components.some(({ name }) => name === "tini") && bill.components.some(({ name }) => name === "libc6"),
    );
    assert.deepEqual(await leftovers(), CLEAN);
  },
);

test("what stands on an image that was built anew is built anew too", { skip, timeout: 300_000 }, async () => {
  const layers = async (name: string): Promise<string[]> => {
    const [, folder = ""] = /^(.*)\/archive\.tar$/.exec((await build(name)).archive) ?? [];
    const record = JSON.parse(await readFile(join(folder, "image.json"), "utf8")) as { layers: { digest: string }[] };
    return record.layers.map(({ digest }) => digest);
  };
  const before = await layers("small");
  const [base] = await ensureImages({ ...options(cache, store), names: ["debian"] });
  await truncate(base?.archive ?? "", 4711);
  const after = await layers("small");
  assert.deepEqual(after.slice(0, 1), await layers("debian"));
  assert.equal(after.length, before.length);
  assert.deepEqual(await layers("small"), after, "and only once");
});

test("an unchanged recipe runs no program and is done at once", { skip }, async () => {
  const idle = { ...options(cache, store), names: ["small"], exec: () => assert.fail("a program was run") };
  await attempts(async () => {
    const start = performance.now();
    await ensureImages(idle);
    assert.ok(performance.now() - start < 1000, `${performance.now() - start} ms`);
  });
});

test("a damaged archive is made anew", { skip, timeout: 300_000 }, async () => {
  const { archive } = await build("small");
  await truncate(archive, 1000);
  assert.match(await layerList((await build("small")).archive), /usr\/bin\/tini/);
});

test("a folder is handed out as it was in the tree", { skip, timeout: 300_000 }, async () => {
  assert.equal(
    await readFile(join(await ensureDirectory("folder", options(cache, store)), "file"), "utf8"),
    "content\n",
  );
});

test(
  "a command that fails is told with its output, and nothing half made stays",
  { skip, timeout: 300_000 },
  async () => {
    await assert.rejects(
      build("broken"),
      (error: Error) => error.name === "BuildError" && /images\/broken.*this goes wrong/s.test(error.message),
    );
    assert.deepEqual(await leftovers(), CLEAN);
  },
);

test(
  "kill -9 leaves no process and no mount, and the next run cleans up and builds",
  { skip, timeout: 300_000 },
  async () => {
    const child = spawn(process.execPath, [join(import.meta.dirname, "images-child.ts"), cache, store, "slow"], {
      stdio: "ignore",
    });
    const sleeping = async (): Promise<string> => (await exec("sh", ["-c", "pgrep -fx 'sleep 4711' || true"])).stdout;
    for (let tries = 0; (await sleeping()) === "" && tries < 900; tries += 1) await sleep(100);
    assert.notEqual(await sleeping(), "");
    child.kill("SIGKILL");
    for (let tries = 0; (await sleeping()) !== "" && tries < 300; tries += 1) await sleep(100);
    assert.equal(await sleeping(), "");
    assert.deepEqual((await leftovers()).mounts, []);
    await rm(join((await build("small")).archive, ".."), { recursive: true });
    await build("small");
    assert.deepEqual(await leftovers(), CLEAN);
  },
);

test("a disk that fills is one clear error, and nothing half made stays", { skip, timeout: 300_000 }, async () => {
  const disk = join(folder, "disk");
  await mkdir(disk);
  await exec("mount", ["-t", "tmpfs", "-o", "size=640m", "tmpfs", disk]);
  try {
    const full = { ...options(disk, store), names: ["huge"] };
    await assert.rejects(
      ensureImages(full),
      (error: Error) => error.name === "NoSpaceError" && /the disk filled while images\/huge/.test(error.message),
    );
    assert.deepEqual(await readdir(join(disk, "images")), ["debs", "lists", "uv"]);
    assert.deepEqual(
      (await readdir(join(store, "image"))).filter((name) => /huge|^\./.test(name)),
      [],
    );
  } finally {
    await exec("umount", [disk]);
  }
});
