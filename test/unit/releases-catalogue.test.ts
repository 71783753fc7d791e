import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { CatalogueHead, CatalogueOption, OptionType } from "../../src/oslo/catalogue.ts";
import { catalogueText, parseCatalogue } from "../../src/releases/catalogue-format.ts";
import { catalogueServices, loadCatalogue } from "../../src/releases/catalogue.ts";
import { ReleaseError } from "../../src/releases/index.ts";

const head: CatalogueHead = {
  release: "r",
  service: "s",
  image: "0123456789abcdef",
  components: ["api"],
  dynamic: [{ listedIn: { group: "DEFAULT", name: "enabled" }, like: "AGENT", prefix: "x_" }],
};

function option(group: string, name: string, rest: Partial<CatalogueOption> = {}): CatalogueOption {
  return { group, name, type: { kind: "string" }, namespaces: ["s"], ...rest };
}

const OPTIONS = [
  option("zebra", "b", { help: "Zwei Zeilen\nmit ä und 🦓." }),
  option("AGENT", "a", { olderNames: [{ group: "DEFAULT", name: "agent-a" }] }),
  option("DEFAULT", "d"),
  option("DEFAULT", "c", { default: "é" }),
];

describe("the file of a catalogue", () => {
  const text = catalogueText(head, OPTIONS);
  const catalogue = parseCatalogue(Buffer.from(text));

  test("is the same whatever the options' order, DEFAULT first", () => {
    assert.equal(catalogueText(head, OPTIONS.toReversed()), text);
    assert.deepEqual(catalogue.groups, ["DEFAULT", "AGENT", "zebra"]);
  });

  test("gives back what was written", () => {
    for (const wanted of OPTIONS) assert.deepEqual(catalogue.find(wanted.group, wanted.name), wanted);
    assert.deepEqual(
      catalogue.options("DEFAULT").map(({ name }) => name),
      ["c", "d"],
    );
    assert.deepEqual(catalogue.dynamic, head.dynamic);
    assert.deepEqual([catalogue.release, catalogue.service, catalogue.image], ["r", "s", "0123456789abcdef"]);
  });

  test("finds by older names, and groups whatever their case but for DEFAULT", () => {
    assert.equal(catalogue.find("DEFAULT", "agent-a")?.name, "a");
    assert.equal(catalogue.find("agent", "a")?.group, "AGENT");
    assert.equal(catalogue.find("default", "c"), undefined);
    assert.equal(catalogue.find("AGENT", "A"), undefined);
    assert.equal(catalogue.find("DEFAULT", "constructor"), undefined);
    assert.deepEqual(catalogue.options("none"), []);
  });

  test("that is cut off is refused", () => {
    assert.throws(() => parseCatalogue(Buffer.from(text.slice(0, -5))), /the groups end at byte/);
    assert.throws(() => parseCatalogue(Buffer.from("")), SyntaxError);
  });
});

describe("the catalogue of a release", () => {
  let root: string;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "underpin-catalogue-"));
    const text = catalogueText(head, OPTIONS);
    const hash = (content: string): string => createHash("sha256").update(content).digest("hex");
    await mkdir(join(root, "r", "catalogue"), { recursive: true });
    await writeFile(join(root, "r", "catalogue", "s.jsonl"), text);
    await writeFile(join(root, "r", "catalogue", "changed.jsonl"), text.replace("0123", "1123"));
    await writeFile(join(root, "r", "catalogue", "none.jsonl"), "{}\n");
    const data = {
      "catalogue/s.jsonl": hash(text),
      "catalogue/changed.jsonl": hash(text),
      "catalogue/missing.jsonl": hash(text),
      "catalogue/none.jsonl": hash("{}\n"),
    };
    await writeFile(join(root, "r", "release.json"), JSON.stringify({ name: "r", python: "3.13", files: {}, data }));
  });
  after(() => rm(root, { recursive: true, force: true }));

  test("is loaded by service", async () => {
    assert.equal((await loadCatalogue("r", "s", root)).find("zebra", "b")?.help?.includes("🦓"), true);
    assert.deepEqual(await catalogueServices("r", root), ["s", "changed", "missing", "none"]);
  });

  for (const [what, release, service, reason] of [
    ["an unknown release", "1999.1", "s", /release 1999\.1 is unknown; known: r$/],
    ["a path for a release", "../r", "s", /release \.\.\/r is unknown/],
    ["an unknown service", "r", "swift", /release r has no options of swift; it has those of s, changed/],
    [
      "a changed file",
      "r",
      "changed",
      /changed\.jsonl has SHA-256 .* the file was changed\. Restore it, or make it anew/,
    ],
    ["a missing file", "r", "missing", /missing\.jsonl cannot be read; restore it/],
    ["a file that is no catalogue", "r", "none", /none\.jsonl of release r is no catalogue.*Make it anew/s],
  ] as const)
    test(`${what} is told with what to do`, async () => {
      await assert.rejects(
        loadCatalogue(release, service, root),
        (error) => error instanceof ReleaseError && reason.test(error.message),
      );
    });

  test("is committed for 2025.1", async () => {
    assert.deepEqual(await catalogueServices("2025.1"), [
      "cinder",
      "glance",
      "keystone",
      "neutron",
      "nova",
      "placement",
    ]);
    const nova = await loadCatalogue("2025.1", "nova");
    assert.deepEqual(nova.find("DEFAULT", "cpu_allocation_ratio")?.type, { kind: "float", min: 0 });
    assert.equal(nova.find("DEFAULT", "host")?.fromMachine, true);
    assert.equal(nova.find("keystone_authtoken", "password")?.secret, true);
  });
});

describe("docs/reference/unchecked-options.md", () => {
  test("lists the options whose type is the service's own", async () => {
    const file = new URL("../../docs/reference/unchecked-options.md", import.meta.url);
    const text = await uncheckedPage(["2025.1", "2026.1"]);
    if (process.env["UPDATE_GOLDEN"] === "1") await writeFile(file, text);
    assert.equal(await readFile(file, "utf8"), text);
  });
});

async function uncheckedPage(releases: readonly string[]): Promise<string> {
  const rows = new Map<string, string[]>();
  for (const release of releases)
    for (const service of await catalogueServices(release)) {
      const catalogue = await loadCatalogue(release, service);
      for (const { group, name, type } of catalogue.groups.flatMap((one) => catalogue.options(one))) {
        const own = ownType(type);
        const row = `| ${service} | \`[${group}] ${name}\` | \`${own}\` |`;
        if (own !== undefined) rows.set(row, [...(rows.get(row) ?? []), release]);
      }
    }
  return `# Options that are not checked

The type of these options is the service's own: only its code can say whether a value is right. Underpin takes any text for them, and says so as a warning.

| service | option | type | releases |
|---|---|---|---|
${[...rows].map(([row, of]) => `${row} ${of.join(", ")} |\n`).join("")}`;
}

/** Name of the type that only the service can judge, or of that of its items. */
function ownType(type: OptionType): string | undefined {
  if (type.kind === "unchecked") return type.name;
  if (type.kind === "list") return ownType(type.item);
  return type.kind === "dict" ? ownType(type.value) : undefined;
}
