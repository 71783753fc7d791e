import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { exec } from "../../src/host/exec.ts";
import { ContentStore } from "../../src/host/store.ts";
import type { BinarySource } from "../../src/underlay/binaries.ts";
import type { GoModule } from "../../src/underlay/go-modules.ts";

/** What every source of programs keeps to; `module` has one program that exits 0 on `-v`. */
export function binarySourceContract(source: () => BinarySource, module: GoModule): void {
  const [program = ""] = Object.keys(module.programs);

  it("gives exactly the programs of the module, and they run", async () => {
    await inFolder(async (folder) => {
      await source().make(module, folder);
      assert.deepEqual(await readdir(folder), Object.keys(module.programs));
      await exec(join(folder, program), ["-v"]);
    });
  });

  it("has the same key for the same module, and another for another", async () => {
    assert.equal(await source().key(module), await source().key(module));
    const other = {
      ...module,
      name: module.name,
      ldflags: `${module.ldflags} -X main.x=y`,
      programs: { ...module.programs, other: "." },
    };
    assert.notEqual(await source().key(module), await source().key(other));
  });

  it("leaves nothing in the store when it fails", async () => {
    await inFolder(async (folder) => {
      const store = new ContentStore(folder);
      const broken = { ...module, programs: { missing: "./no-such-package" } };
      const key = { kind: "go", name: "broken", hash: "0".repeat(64) };
      await assert.rejects(store.ensure(key, (work) => source().make(broken, work)));
      assert.equal(await store.has(key), false);
      assert.deepEqual(await readdir(join(folder, "go")), []);
    });
  });
}

export async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "underlay-"));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
