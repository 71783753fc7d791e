import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Exec } from "../../src/host/exec.ts";
import { finishArchive, LAYER_OFFSET } from "../../src/images/oci.ts";
import { recipeSchema } from "../../src/images/recipe.ts";
import { importImages } from "../../src/underlay/containerd.ts";
import type { ImageFile } from "../../src/underlay/images.ts";

type Layers = Awaited<ReturnType<typeof finishArchive>>;

async function archive(file: string, name: string, parents: Layers): Promise<{ image: ImageFile; layers: Layers }> {
  await writeFile(file, Buffer.concat([Buffer.alloc(LAYER_OFFSET), Buffer.from(`content of ${file}`)]));
  const reference = `underpin.local/${name}:0123456789abcdef`;
  const recipe = recipeSchema.parse({ name });
  return {
    image: { file, names: [reference] },
    layers: await finishArchive(file, { reference, recipe, env: {}, parents }),
  };
}

/** The images that are imported, in order, on a node that has these names and blobs. */
async function imported(images: readonly ImageFile[], names: readonly string[], blobs: readonly string[]) {
  const files: string[] = [];
  const exec: Exec = (_, args) => {
    const [verb, what] = args.slice(4);
    if (what === "import") files.push(args.at(-1) ?? "");
    const stdout = what === "ls" ? (verb === "images" ? names : blobs).join("\n") : "";
    return Promise.resolve({ stdout, stderr: "" });
  };
  const told = await importImages({ exec, bin: "/bin", socket: "/run/c.sock" }, images);
  return { files, told };
}

test("a base that was built anew is imported again before what stands on it, and only then", async () => {
  const folder = await mkdtemp(join(tmpdir(), "underpin-import-"));
  try {
    const old = await archive(join(folder, "old.tar"), "base", []);
    const base = await archive(join(folder, "base.tar"), "base", []);
    const child = await archive(join(folder, "child.tar"), "child", base.layers);
    const images = [base.image, child.image];
    const [name = ""] = base.image.names;
    const digests = (layers: Layers): string[] => layers.map(({ digest }) => digest);

    const anew = await imported(images, [name], digests(old.layers));
    assert.deepEqual(anew.files, [base.image.file, child.image.file]);
    assert.deepEqual(anew.told, [...base.image.names, ...child.image.names]);

    assert.deepEqual((await imported(images, [name], digests(base.layers))).files, [child.image.file]);
    assert.deepEqual((await imported(images, [name, child.image.names[0] ?? ""], digests(old.layers))).files, []);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
