import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { promisify } from "node:util";
import { ensureKeyFile } from "../../src/guest/key.ts";

const run = promisify(execFile);

async function inFolder(work: (file: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "key-"));
  try {
    await work(join(folder, "deep", "id"));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** OpenSSH itself is the judge; without it the test says so. */
async function publicHalf(t: TestContext, file: string): Promise<string | undefined> {
  try {
    return (await run("ssh-keygen", ["-y", "-f", file])).stdout.trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    t.skip("ssh-keygen is not installed");
    return undefined;
  }
}

test("OpenSSH reads the private key and finds the same public key", (t) =>
  inFolder(async (file) => {
    for (const comment of ["hello", "", "a longer comment @ somewhere"]) {
      await rm(file, { force: true });
      const key = await ensureKeyFile(file, comment);
      const found = await publicHalf(t, file);
      if (found === undefined) return;
      assert.equal(found, key.publicKey.trim());
    }
  }));

test("the file is the owner's alone, and a second run gives the same key", () =>
  inFolder(async (file) => {
    const first = await ensureKeyFile(file, "hello");
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.deepEqual(await ensureKeyFile(file, "hello"), first);
  }));

test("a key that the user put there is used and not replaced", (t) =>
  inFolder(async (file) => {
    await ensureKeyFile(file, "x"); // makes the folder
    await rm(file);
    try {
      await run("ssh-keygen", ["-q", "-t", "ecdsa", "-N", "", "-C", "own", "-f", file]);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      t.skip("ssh-keygen is not installed");
      return;
    }
    const before = await readFile(file, "utf8");
    const key = await ensureKeyFile(file, "own");
    assert.equal(key.publicKey, (await readFile(`${file}.pub`, "utf8")).trim());
    assert.equal(await readFile(file, "utf8"), before);
  }));

test("a file that is no key is an error, not a reason to make one", () =>
  inFolder(async (file) => {
    await ensureKeyFile(file, "x");
    await writeFile(file, "hello\n");
    await assert.rejects(ensureKeyFile(file, "x"));
    assert.equal(await readFile(file, "utf8"), "hello\n");
  }));
