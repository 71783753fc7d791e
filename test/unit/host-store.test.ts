import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { ContentStore } from "../../src/host/store.ts";

const KEY = { kind: "go", name: "pause", hash: "0123456789abcdef0123" };

let folder: string;
let store: ContentStore;
let made: number;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "host-store-"));
  store = new ContentStore(folder);
  made = 0;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const ensure = () =>
  store.ensure(KEY, async (work) => {
    made += 1;
    await writeFile(join(work, "program"), "what was made");
  });
const program = async () => readFile(join(await ensure(), "program"), "utf8");

test("an entry is made once, and what only got another time is hashed and kept", async () => {
  const entry = await ensure();
  await utimes(join(entry, "program"), new Date(0), new Date(0));
  await ensure();
  assert.equal(made, 1);
});

for (const [what, damage] of [
  ["another content of the same length", (file: string) => writeFile(file, "what was MADE")],
  ["a file that was cut", (file: string) => truncate(file, 3)],
  ["a file that is gone", (file: string) => rm(file)],
  ["no record of what was made", (file: string) => rm(join(file, "../.entry.json"))],
  ["a record that is half written", (file: string) => writeFile(join(file, "../.entry.json"), '{"fil')],
] as const) {
  test(`an entry with ${what} is made anew`, async () => {
    await damage(join(await ensure(), "program"));
    assert.equal(await store.has(KEY), false);
    assert.equal(await program(), "what was made");
    assert.equal(made, 2);
  });
}

test("a maker that fails leaves nothing, and its error is told", async () => {
  const disk = store.ensure(KEY, async (work) => {
    await writeFile(join(work, "program"), "half");
    throw new Error("no space left on device");
  });
  await assert.rejects(disk, /no space left/);
  assert.deepEqual(await readdir(join(folder, "go")), []);
});

test("a maker that is killed leaves no entry, and the next one makes it", async () => {
  const script = `import { ContentStore } from ${JSON.stringify(new URL("../../src/host/store.ts", import.meta.url).href)};
    import { writeFile } from "node:fs/promises";
    await new ContentStore(${JSON.stringify(folder)}).ensure(${JSON.stringify(KEY)}, async (work) => {
      await writeFile(work + "/program", "half"); console.log("half"); await new Promise((done) => setTimeout(done, 60000)); });`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await once(child, "close");
  assert.equal(await store.has(KEY), false);
  assert.equal(await program(), "what was made");
  assert.ok((await stat(store.path(KEY))).isDirectory());
});
