import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { mirrors } from "../../src/images/debian.ts";
import { RELEASE_IMAGES } from "../../src/images/catalogue/releases.ts";
import { imageReferences } from "../../src/images/index.ts";
import { literalPattern, removedPaths, whiteout } from "../../src/images/layer.ts";
import { imageHash, imageReference, type Recipe, RecipeError, recipeSchema } from "../../src/images/recipe.ts";
import { loadRecipes } from "../../src/images/registry.ts";
import { buildScript } from "../../src/images/script.ts";
import { catalogueServices, loadCatalogue } from "../../src/releases/catalogue.ts";
import { loadRelease, ReleaseError } from "../../src/releases/index.ts";

const base = { name: "made-up", packages: ["hello", "tini"], env: { A: "1", B: "2" } };
const inputs = { parent: "ab", contents: { "lock.txt": "cd", "node /n": "ef" } };

function recipe(change: object = {}): Recipe {
  return recipeSchema.parse({ ...base, ...change });
}

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "underpin-recipes "));
  try {
    await mkdir(join(folder, "workloads"));
    await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function addRecipe(folder: string, name: string, source: string): Promise<void> {
  await mkdir(join(folder, "workloads", name), { recursive: true });
  await writeFile(join(folder, "workloads", name, "image.ts"), source);
}

test("a reference is the same for the same content, however it is written", () => {
  const reference = imageReference(recipe(), inputs);
  assert.match(reference, /^underpin\.local\/made-up:[0-9a-f]{16}$/);
  const other = recipe({ env: { B: "2", A: "1" }, packages: ["hello", "tini"] });
  const sameInputs = { contents: { "node /n": "ef", "lock.txt": "cd" }, parent: "ab" };
  assert.equal(imageReference(other, sameInputs), reference);
});

test("everything that decides the content changes the hash", () => {
  const hash = imageHash(recipe(), inputs);
  const changes: object[] = [
    { packages: ["hello"] },
    { users: [{ name: "u", id: 5 }] },
    { files: [{ path: "/a", content: "b" }] },
    { commands: ["true"] },
    { removals: ["/a"] },
    { purged: ["a"] },
    { env: { A: "1" } },
    { user: "5" },
    { entrypoint: ["/a"] },
    { workingDir: "/a" },
  ];
  for (const change of changes) assert.notEqual(imageHash(recipe(change), inputs), hash, JSON.stringify(change));
  assert.notEqual(imageHash(recipe(), { ...inputs, parent: "ac" }), hash);
  assert.notEqual(imageHash(recipe(), { ...inputs, contents: { ...inputs.contents, "lock.txt": "ce" } }), hash);
});

test("a recipe with an unknown field, a bad path or a bad package is refused, and says where", async () => {
  for (const bad of [
    { pakages: [] },
    { files: [{ path: "relative", content: "" }] },
    { packages: ["Not A Package; rm"] },
  ])
    assert.equal(recipeSchema.safeParse({ ...base, ...bad }).success, false, JSON.stringify(bad));
  await withFolder(async (folder) => {
    await addRecipe(folder, "odd", 'export const image = { name: "odd", pakages: [] };');
    await assert.rejects(
      loadRecipes(folder),
      (error: Error) => error instanceof RecipeError && /odd\/image\.ts.*pakages/s.test(error.message),
    );
  });
});

test("a made-up service is found by its folder alone, after its parent", async () => {
  await withFolder(async (folder) => {
    await addRecipe(folder, "aardvark", 'export const image = { name: "aardvark", from: "zebra" };');
    await addRecipe(folder, "zebra", 'export const image = { name: "zebra", from: null };');
    await mkdir(join(folder, "workloads", "without-image"));
    assert.deepEqual([...(await loadRecipes(folder)).keys()], ["zebra", "aardvark"]);
  });
});

test("recipes that need each other, a parent that is not there and a name taken twice are refused", async () => {
  await withFolder(async (folder) => {
    await addRecipe(folder, "one", 'export const image = { name: "one", from: "two" };');
    await assert.rejects(loadRecipes(folder), /one is made from two, which has no recipe/);
    await addRecipe(folder, "two", 'export const image = { name: "two", from: "one" };');
    await assert.rejects(loadRecipes(folder), /made from each other: one from two from one/);
    await addRecipe(folder, "three", 'export const image = { name: "one", from: null };');
    await assert.rejects(loadRecipes(folder), /an image one exists already/);
  });
});

test("the product has all images that workloads name", async () => {
  const names = Object.keys(await imageReferences());
  for (const name of [
    "debian",
    "openstack",
    "mariadb",
    "rabbitmq",
    "memcached",
    "ovn",
    "libvirt",
    "gateway",
    "operator",
  ])
    assert.ok(names.includes(name), `${name} is missing of ${names.join(", ")}`);
  assert.deepEqual(await imageReferences(), await imageReferences());
});

test("an image that no cloud runs is made, and counted, only when it is named", async () => {
  const all = await loadRecipes();
  const onDemand = [...all.values()].filter((recipe) => recipe.onDemand === true).map(({ name }) => name);
  assert.deepEqual(onDemand.toSorted(), ["cinder-2025-1", "cinder-2026-1", "openstack-2026-1"]);
  const run = await imageReferences();
  assert.deepEqual(
    onDemand.filter((name) => name in run),
    [],
  );
  assert.deepEqual(Object.keys(await imageReferences(undefined, onDemand)), onDemand);
  await assert.rejects(imageReferences(undefined, ["none"]), /there is no recipe none/);
});

test("the committed options are those of the images by their present recipes", async () => {
  for (const [release, images] of Object.entries(RELEASE_IMAGES)) {
    const references = Object.values(await imageReferences(undefined, images)).map((one) => one.split(":").at(-1));
    for (const service of await catalogueServices(release)) {
      const { image } = await loadCatalogue(release, service);
      assert.ok(references.includes(image), `${service} of ${release} is of image ${image}; make it anew`);
    }
  }
});

test("the product's users have their fixed numbers", async () => {
  const numbers: Record<string, number> = {};
  for (const { users } of (await loadRecipes()).values()) for (const { name, id } of users) numbers[name] = id;
  const { keystone, glance, placement, nova, neutron, mysql, rabbitmq, memcache, gateway, underpin } = numbers;
  const found = [keystone, glance, placement, nova, neutron, mysql, rabbitmq, memcache, gateway, underpin];
  assert.deepEqual(found, [42425, 42415, 42482, 42436, 42435, 42434, 42439, 42457, 42454, 42400]);
});

test("users are made before packages, and nothing is installed that was not asked for", () => {
  const script = buildScript(recipe({ users: [{ name: "u", id: 5 }] }));
  assert.ok(script.indexOf("u:x:5:5::") > 0 && script.indexOf("u:x:5:5::") < script.indexOf("apt-get install"));
  assert.match(script, /--no-install-recommends .*hello tini/);
});

test("what is gone in the child becomes the fewest whiteouts", () => {
  const parent = ["a", "a/b", "a/b/c", "a/b/d", "e", "f.txt"];
  assert.deepEqual(removedPaths(parent, new Set(["a", "e"])), ["a/b", "f.txt"]);
  assert.equal(whiteout("a/b"), "a/.wh.b");
  assert.equal(whiteout("f.txt"), ".wh.f.txt");
  assert.equal(literalPattern("a[1]*"), "a\\[1\\]\\*");
});

test("applying the whiteouts to the parent leaves what the child kept, for any two trees", () => {
  const segment = fc.constantFrom("a", "b", "c", "a.b", "a-");
  const tree = fc.array(fc.array(segment, { minLength: 1, maxLength: 4 }), { maxLength: 12 }).map(closed);
  fc.assert(
    fc.property(tree, tree, (parent, child) => {
      const removed = removedPaths(parent, child);
      const left = [...parent].filter((path) => !removed.some((gone) => path === gone || path.startsWith(`${gone}/`)));
      assert.deepEqual(left.sort(), [...parent].filter((path) => child.has(path)).sort());
    }),
  );
});

/** Paths with all folders above them. */
function closed(paths: readonly (readonly string[])[]): Set<string> {
  return new Set(paths.flatMap((path) => path.map((_, index) => path.slice(0, index + 1).join("/"))));
}

test("the machine's own mirror is used, comments and other archives are not", () => {
  const text = [
    "# deb http://commented.example/debian trixie main",
    "deb [signed-by=/x.gpg] https://other.example/cloud-sdk main",
    "URIs: http://mirror.example/debian/",
    "deb http://mirror.example/debian-security bookworm-security main",
  ].join("\n");
  assert.deepEqual(mirrors(text), {
    mirror: "http://mirror.example/debian",
    security: "http://mirror.example/debian-security",
  });
  assert.equal(mirrors("").mirror, "http://deb.debian.org/debian");
});

test("a release's data is what was recorded, and a changed file or an unknown release is told", async () => {
  assert.equal((await loadRelease("2025.1")).python, "3.13");
  await assert.rejects(
    loadRelease("1999.1"),
    (error: Error) => error instanceof ReleaseError && /known: 2025\.1/.test(error.message),
  );
  await withFolder(async (folder) => {
    await mkdir(join(folder, "r"));
    await writeFile(join(folder, "r", "lock.txt"), "changed");
    await writeFile(
      join(folder, "r", "release.json"),
      JSON.stringify({ name: "r", python: "3.13", files: { "lock.txt": "0".repeat(64) } }),
    );
    await assert.rejects(loadRelease("r", folder), /lock\.txt has SHA-256/);
  });
});
