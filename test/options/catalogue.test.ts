// The committed data of a release is what its images tell, and has every option that is installed in them.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathsFrom } from "../../src/cli/paths.ts";
import { exec } from "../../src/host/exec.ts";
import { ContentStore } from "../../src/host/store.ts";
import type { ImageData } from "../../src/images/catalogue/index.ts";
import { differing, RELEASE_IMAGES, readRelease } from "../../src/images/catalogue/releases.ts";
import { NOT_RUN } from "../../src/images/catalogue/services.ts";
import { ensureImages } from "../../src/images/index.ts";
import { archiveTree, imageTree } from "../../src/images/tree.ts";
import type { Catalogue } from "../../src/oslo/catalogue.ts";
import { catalogueServices, loadCatalogue } from "../../src/releases/catalogue.ts";

const skip = process.getuid?.() === 0 ? false : "needs root: an image's tree is entered by chroot";

const { cache } = pathsFrom(process.env, homedir());
const OPTIONS = { store: new ContentStore(join(cache, "store")), cacheDir: cache, exec, report: () => undefined };

/** Not our dumper: group and name of each option of each entry point, one process a distribution. */
const LISTER = `
import importlib.metadata, json, os, sys, warnings
warnings.simplefilter("ignore")
answer = os.dup(1)
os.dup2(2, 1)
points = {}
for point in importlib.metadata.entry_points(group="oslo.config.opts"):
    points.setdefault(point.dist.name, []).append(point)
found = []
for distribution in points.values():
    reader, writer = os.pipe()
    if os.fork() == 0:
        said = []
        for point in distribution:
            try:
                lists = list(point.load()())
            except ImportError as error:
                said.append([point.name, "", str(error)])
                continue
            for group, options in lists:
                said += [[point.name, getattr(group, "name", group) or "DEFAULT", option.dest] for option in options]
        with os.fdopen(writer, "w") as pipe:
            json.dump(said, pipe)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        found += json.load(pipe)
    os.wait()
with os.fdopen(answer, "w") as pipe:
    json.dump(found, pipe)
`;

/** What cannot be told, and why that is no fault of ours. */
const KNOWN_NOTES = [/^policy neutron_lib: ModuleNotFoundError/];

test(
  "an archive that holds all layers of its image is entered, without a network and without what is here",
  { skip },
  async () => {
    const [debian] = await ensureImages({ ...OPTIONS, names: ["debian"] });
    const folder = await mkdtemp(join(tmpdir(), "underpin-archive-"));
    try {
      const file = join(folder, "hello");
      await writeFile(file, "from outside");
      await using tree = await archiveTree(debian?.archive ?? "", OPTIONS);
      assert.match(tree.image, /^[0-9a-f]{16}$/);
      const script = "cat; cat /run/underpin/hello; echo; tail -n +3 /proc/net/dev | cut -d: -f1; pwd; echo $LANG";
      const said = await tree.run(["sh", "-c", script], { input: "in ", files: [file], folder: "/tmp/home" });
      const [first, network, home, language] = said.split("\n").map((line) => line.trim());
      assert.deepEqual([first, network, home, language], ["in from outside", "lo", "/tmp/home", "C.UTF-8"]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
);

for (const release of Object.keys(RELEASE_IMAGES))
  describe(`the data of ${release}`, { skip }, () => {
    let told: ImageData;
    const catalogues = new Map<string, Catalogue>();
    before(async () => {
      for (const service of await catalogueServices(release))
        catalogues.set(service, await loadCatalogue(release, service));
      told = await readRelease(release, OPTIONS);
    });
    after(() => catalogues.clear());

    test("is what its images tell", async () => {
      assert.deepEqual(await differing(release, told), []);
    });

    test("is told in full: every namespace loads, every component starts", () => {
      assert.deepEqual(
        told.notes.filter((note) => !KNOWN_NOTES.some((known) => known.test(note))),
        [],
      );
    });

    for (const image of RELEASE_IMAGES[release] ?? [])
      test(`has every option of every entry point of ${image}`, async () => {
        await using tree = await imageTree(image, OPTIONS);
        const python = ["/opt/openstack/bin/python", "-c", LISTER];
        const listed = JSON.parse(await tree.run(python, { input: "", files: [], folder: "/tmp/x" })) as [
          string,
          string,
          string,
        ][];
        assert.ok(listed.length > 1000, `${listed.length} options are listed`);
        const missing = listed.filter(
          ([namespace, group, name]) =>
            NOT_RUN[namespace] === undefined &&
            ![...catalogues.values()].some((catalogue) => {
              const found = catalogue.find(group, name);
              return found?.name === name && found.namespaces.includes(namespace);
            }),
        );
        assert.deepEqual(missing, []);
      });
  });
