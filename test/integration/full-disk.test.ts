// A disk that fills while the Kubernetes programs are built; for images see images.test.ts.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { exec } from "../../src/host/exec.ts";
import { ContentStore } from "../../src/host/store.ts";
import { GoSource } from "../../src/underlay/binaries.ts";
import { UnderlayError } from "../../src/underlay/errors.ts";
import { GO_MODULES } from "../../src/underlay/go-modules.ts";

const skip = process.getuid?.() === 0 ? false : "a small disk is mounted, and that needs root";

test(
  "a disk that fills while programs are built is one clear error, and nothing half made stays",
  { skip, timeout: 300_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "full-disk-"));
    const disk = join(folder, "disk");
    await mkdir(disk);
    await exec("mount", ["-t", "tmpfs", "-o", "size=512k", "tmpfs", disk]);
    try {
      const store = new ContentStore(join(disk, "store"));
      const told: string[] = [];
      const source = new GoSource({ cacheDir: disk, exec, report: ({ state }) => void told.push(state) });
      const [pause] = GO_MODULES;
      assert.ok(pause !== undefined);
      const key = { kind: "go", name: pause.name, hash: await source.key(pause) };
      await assert.rejects(
        store.ensure(key, (work) => source.make(pause, work)),
        (error) =>
          error instanceof UnderlayError &&
          error.message.split("\n")[0] === `pause could not be built: there is no space left in ${disk}` &&
          /UNDERPIN_CACHE at a larger disk/.test(error.next),
      );
      assert.deepEqual(await readdir(join(disk, "store/go")), []);
      assert.ok(told.includes("detail") && told.at(-1) === "failed");
    } finally {
      await exec("umount", [disk]);
      await rm(folder, { recursive: true, force: true });
    }
  },
);
