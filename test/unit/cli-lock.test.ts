import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type CliError, EXIT } from "../../src/cli/errors.ts";
import { readHolder, withLock } from "../../src/cli/lock.ts";

let folder: string;
let path: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "cli-lock-"));
  path = join(folder, "state", "lock.json");
});
after(() => rm(folder, { recursive: true, force: true }));

const gone = (file: string): Promise<boolean> =>
  access(file).then(
    () => false,
    () => true,
  );

test("a second one is told who holds the lock, and the lock goes with the work", async () => {
  await withLock(path, "underpin up", async () => {
    assert.equal((await readHolder(path))?.pid, process.pid);
    await assert.rejects(
      withLock(path, "underpin down", () => Promise.resolve()),
      (error: CliError) => {
        assert.equal(error.exitCode, EXIT.locked);
        assert.match(error.message, new RegExp(`underpin up.*process ${process.pid}, since 20`));
        return true;
      },
    );
    assert.equal((await readHolder(path))?.command, "underpin up", "the refused one leaves the holder's file alone");
  });
  assert.ok(await gone(join(folder, "state")), "an empty state folder is not left behind");
});

test("work that fails releases the lock and keeps what is in the state folder", async () => {
  await assert.rejects(
    withLock(path, "underpin up", async () => {
      await writeFile(join(folder, "state", "data"), "x");
      throw new Error("no");
    }),
    /^Error: no$/,
  );
  assert.ok(await gone(path));
  assert.ok(!(await gone(join(folder, "state", "data"))));
  assert.equal(await withLock(path, "underpin up", () => Promise.resolve(7)), 7);
});

test("a killed holder holds nothing", async () => {
  const code = `import { withLock } from ${JSON.stringify(new URL("../../src/cli/lock.ts", import.meta.url).href)};
    await withLock(${JSON.stringify(path)}, "underpin up", () => { console.log("held"); return new Promise((done) => setTimeout(done, 60000)); });`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  await assert.rejects(
    withLock(path, "underpin down", () => Promise.resolve()),
    new RegExp(`process ${child.pid}`),
  );
  child.kill("SIGKILL");
  await once(child, "close");
  assert.equal(await withLock(path, "underpin down", () => Promise.resolve("mine")), "mine");
});

test("a folder that cannot be written to is said to be", async () => {
  await writeFile(join(folder, "file"), "");
  const inside = join(folder, "file", "lock.json");
  await assert.rejects(
    withLock(inside, "underpin up", () => Promise.resolve()),
    (error: CliError) => error.exitCode === EXIT.usage && /cannot be written to/.test(error.message),
  );
});
