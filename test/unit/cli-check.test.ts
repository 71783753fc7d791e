import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { stringify } from "yaml";
import { judgeFile, judgeText, loadCloud } from "../../src/cli/cloud-file.ts";
import { CliError } from "../../src/cli/errors.ts";
import { arbitraryCloud } from "./arbitrary-cloud.ts";

const HEAD = "apiVersion: underpin.dev/v1alpha1\nkind: Cloud\nmetadata: {name: laptop, namespace: laptop}\n";

function places(text: string): string[] {
  return judgeText(text).findings.map(({ line, code, path }) => `${line} ${code} ${path}`);
}

test("findings have the line of what they are about", () => {
  const text = `${HEAD}spec:
  release: 2025.1
  services:
    nova:
      replicas: 0
      options:
        DEFAULT:
          debug:
  network:
    provider:
      - name: public
        interface: ext0
        cidr: 10.91.0.0/24
        pool: 10.92.0.1-10.92.0.2
  profle: Minimal
`;
  assert.deepEqual(places(text), [
    "5 wrong-type spec.release",
    "8 impossible-replicas spec.services.nova.replicas",
    "11 wrong-type spec.services.nova.options.DEFAULT.debug",
    "17 pool-outside-cidr spec.network.provider.0.pool",
    "18 unknown-field spec.profle",
  ]);
});

test("a missing field has the line of what should hold it", () => {
  assert.deepEqual(places(`${HEAD}spec:\n  profile: Minimal\n`), ["4 missing-field spec.release"]);
  assert.deepEqual(places("\n\nkind: Cloud\n").slice(0, 1), ["3 missing-field apiVersion"]);
});

test("what is not YAML is told with its line", () => {
  assert.deepEqual(
    places(`${HEAD}spec:\n  release: "2025.1\n`).map((one) => one.split(" ")[1]),
    ["syntax"],
  );
  assert.match(places(`${HEAD}spec: {release: "2025.1"}\nspec: {}\n`)[0] ?? "", /^5 syntax /);
  const bomb = [
    "a: &a [x]",
    ...Array.from(
      { length: 9 },
      (_, n) =>
        `b${n}: &b${n} [${Array(9)
          .fill(n === 0 ? "*a" : `*b${n - 1}`)
          .join(",")}]`,
    ),
  ];
  assert.match(places(bomb.join("\n"))[0] ?? "", / syntax /);
});

test("an empty, a foreign and a too large file hold no Cloud", () => {
  assert.deepEqual(places(""), ["1 empty "]);
  assert.deepEqual(places("# nothing\n---\n"), ["1 empty "]);
  assert.deepEqual(places(`x: ${"y".repeat(1_000_001)}`), ["1 too-large "]);
  assert.match(places("- 1\n")[0] ?? "", /^1 wrong-type $/);
});

test("other documents of a file are left alone, and said to be", () => {
  const text = `apiVersion: v1\nkind: Namespace\nmetadata: {name: laptop}\n---\n${HEAD}spec: {release: "2025.1"}\n`;
  const { findings, clouds } = judgeText(text);
  assert.deepEqual(
    findings.map(({ severity, code, line }) => [severity, code, line]),
    [["warning", "not-a-cloud", 2]],
  );
  assert.equal(clouds.length, 1);
});

test("any text is judged without a throw, and each line lies in the file", () => {
  const lines = fc.array(
    fc.oneof(
      fc.string({ maxLength: 30 }),
      fc.constantFrom(
        "spec:",
        "  release: x",
        "  - a: *b",
        "kind: Cloud",
        "---",
        "? {a: b}",
        "!!binary x",
        "%YAML 1.1",
      ),
    ),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(lines, (list) => {
      const text = list.join("\n");
      for (const { line } of judgeText(text).findings)
        assert.ok(line >= 1 && line <= text.split("\n").length, String(line));
    }),
    { numRuns: 500 },
  );
});

test("a right Cloud stays right when it is written as YAML", () => {
  fc.assert(fc.property(arbitraryCloud(), (cloud) => assert.deepEqual(judgeText(stringify(cloud)).findings, [])));
});

test("a Cloud that is not right is not loaded", async () => {
  const example = fileURLToPath(new URL("../../examples/laptop.yaml", import.meta.url));
  assert.equal((await loadCloud(example)).cloud.metadata.name, "laptop");
  const taken = [{ cidr: "10.91.0.0/16", what: "another network" }];
  await assert.rejects(
    loadCloud(example, taken),
    (error: CliError) =>
      error.exitCode === 2 && error.message.includes("laptop.yaml:13: error: spec.network.provider.0.cidr"),
  );
  await assert.rejects(
    loadCloud("/nowhere.yaml"),
    (error: CliError) => error.exitCode === 2 && /cannot be read/.test(error.message),
  );
  assert.ok((await readFile(example, "utf8")).includes("cidr"));
});

test("options are judged with their lines, names with dots included", async () => {
  const text = `${HEAD}spec:
  release: "2025.1"
  services:
    nova:
      options:
        DEFAULT:
          debug: maybe
          transport_url: rabbit://x
        vendor.driver:
          address: 10.0.0.1
      policy:
        "os_compute.x:y": "role:admin and"
`;
  const { findings } = await judgeFile(text);
  const told = findings.map(({ line, severity, code }) => `${line} ${severity} ${code}`);
  assert.deepEqual(told.slice(0, 3), ["10 error value", "11 error owned", "13 error unknown"]);
  assert.ok(told.includes("15 error value"), told.join(", "));
});

test("a Cloud that up loads is judged with its options", async () => {
  const example = fileURLToPath(new URL("../../examples/laptop.yaml", import.meta.url));
  const text = await readFile(example, "utf8");
  const folder = await mkdtemp(join(tmpdir(), "cloud-"));
  try {
    const file = join(folder, "cloud.yaml");
    await writeFile(file, `${text}  services: {nova: {options: {DEFAULT: {debug: maybe}}}}\n`);
    await assert.rejects(loadCloud(file), /services\.nova\.options\.DEFAULT\.debug: Allowed: /);
  } finally {
    await rm(folder, { recursive: true });
  }
});
