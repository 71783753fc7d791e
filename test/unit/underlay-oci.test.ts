import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { lstat, mkdir, readFile, readlink, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import { exec } from "../../src/host/exec.ts";
import { fileHash } from "../../src/host/store.ts";
import { archiveLayers } from "../../src/underlay/archive.ts";
import { writeImage, type LayerEntry } from "../../src/underlay/oci.ts";
import { inFolder } from "./underlay-binary-source.contract.ts";

interface Index {
  readonly manifests: { readonly digest: string; readonly annotations: Record<string, string> }[];
}

describe("an image written as one file", () => {
  const write = async (
    folder: string,
    layer: readonly LayerEntry[],
    names = ["underpin.local/x:1"],
  ): Promise<string> => {
    const file = join(folder, "image.tar");
    await writeImage(file, layer, names, { entrypoint: ["/x"], user: "65535:65535" });
    return file;
  };
  const unpack = async (file: string, to: string): Promise<void> => {
    await mkdir(to, { recursive: true });
    await exec("tar", ["-xf", file, "-C", to]);
  };

  it("is an OCI layout whose digests are right, with every name on the one image", async () => {
    await inFolder(async (folder) => {
      const file = await write(
        folder,
        [{ path: "x", type: "text", text: "hello" }],
        ["underpin.local/a:1", "underpin.local/b:2"],
      );
      await unpack(file, join(folder, "out"));
      const blob = (digest: string): string => join(folder, "out/blobs/sha256", digest.replace("sha256:", ""));
      const index = JSON.parse(await readFile(join(folder, "out/index.json"), "utf8")) as Index;
      assert.deepEqual(
        index.manifests.map(({ annotations }) => annotations["io.containerd.image.name"]),
        ["underpin.local/a:1", "underpin.local/b:2"],
      );
      assert.equal(new Set(index.manifests.map(({ digest }) => digest)).size, 1);
      const text = await readFile(blob(index.manifests[0]?.digest ?? ""), "utf8");
      const manifest = JSON.parse(text) as { config: { digest: string }; layers: { digest: string; size: number }[] };
      for (const { digest } of [...manifest.layers, manifest.config])
        assert.equal(`sha256:${await fileHash(blob(digest))}`, digest);
      const [layer] = manifest.layers;
      assert.equal((await stat(blob(layer?.digest ?? ""))).size, layer?.size);
      const config = JSON.parse(await readFile(blob(manifest.config.digest), "utf8")) as {
        rootfs: { diff_ids: string[] };
        config: object;
      };
      assert.deepEqual(config.rootfs.diff_ids, [layer?.digest]);
      assert.ok("Entrypoint" in config.config && "User" in config.config);
      assert.deepEqual([...(await archiveLayers(file)).needed], [layer?.digest]);
      assert.ok((await archiveLayers(file)).present.has(layer?.digest ?? ""));
    });
  });

  it("gives back any files, folders and links as tar unpacks them, and equal bytes for equal input", async () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9.-]{0,20}$/);
    const files = fc.dictionary(
      name,
      fc.record({ text: fc.string({ maxLength: 2000 }), mode: fc.constantFrom(0o644, 0o755, 0o600) }),
      { minKeys: 1, maxKeys: 8 },
    );
    await fc.assert(
      fc.asyncProperty(files, async (tree) => {
        await inFolder(async (folder) => {
          await mkdir(join(folder, "source"));
          const layer: LayerEntry[] = [
            { path: "tmp", type: "folder", mode: 0o1777 },
            { path: "link", type: "link", target: "d/e" },
          ];
          for (const [path, { text, mode }] of Object.entries(tree)) {
            await writeFile(join(folder, "source", path), text);
            layer.push({ path: `d/e/${path}`, type: "file", source: join(folder, "source", path), mode });
          }
          const file = await write(folder, layer);
          const first = await fileHash(file);
          await unpack(file, join(folder, "out"));
          const [digest = ""] = (await archiveLayers(file)).needed;
          await unpack(join(folder, "out/blobs/sha256", digest.replace("sha256:", "")), join(folder, "root"));
          for (const [path, { text, mode }] of Object.entries(tree)) {
            assert.equal(await readFile(join(folder, "root/d/e", path), "utf8"), text);
            assert.equal((await stat(join(folder, "root/d/e", path))).mode & 0o777, mode);
          }
          assert.equal(await readlink(join(folder, "root/link")), "d/e");
          assert.equal((await lstat(join(folder, "root/tmp"))).mode & 0o7777, 0o1777);
          assert.equal(await fileHash(await write(folder, layer.toReversed())), first);
        });
      }),
      { numRuns: 15 },
    );
  });

  it("refuses names that the format cannot hold instead of cutting them", async () => {
    await inFolder(async (folder) => {
      await assert.rejects(write(folder, [{ path: "n".repeat(101), type: "text", text: "" }]), /too long/);
    });
  });
});

describe("an archive that leaves layers to its parent's", () => {
  it("tells which layers it needs and does not hold", async () => {
    await inFolder(async (folder) => {
      const sha = (text: string): string => createHash("sha256").update(text).digest("hex");
      const own = "own layer";
      const manifest = JSON.stringify({
        layers: [{ digest: `sha256:${sha("parent's")}` }, { digest: `sha256:${sha(own)}` }],
      });
      const blobs = join(folder, "blobs/sha256");
      await mkdir(blobs, { recursive: true });
      await writeFile(join(blobs, sha(own)), own);
      await writeFile(join(blobs, sha(manifest)), manifest);
      await writeFile(
        join(folder, "index.json"),
        JSON.stringify({ manifests: [{ digest: `sha256:${sha(manifest)}` }] }),
      );
      await exec("tar", ["-cf", join(folder, "a.tar"), "-C", folder, "./index.json", "blobs"]);
      const { present, needed } = await archiveLayers(join(folder, "a.tar"));
      assert.deepEqual(
        [...needed].filter((layer) => !present.has(layer)),
        [`sha256:${sha("parent's")}`],
      );
    });
  });
});
