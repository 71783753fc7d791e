// Enforces what docs/decisions/0004-rooms.md says: which folder of src may know which.
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** What both the operator and the commands may know as a whole. */
const BELOW = [
  "content/",
  "api/",
  "kube/",
  "runtime/",
  "oslo/",
  "openstack/",
  "workloads/",
  "plan/",
  "execute/",
  "witness/",
  "evidence/",
  "options/",
  "desired/",
];
const MACHINE = ["releases/", "host/"];
const UP = [...BELOW, ...MACHINE, "guest/", "underlay/", "images/"];

/** For each folder what it may import: a folder as a whole (`kube/`), one file, or one file of each workload (`*`). */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  content: [],
  host: [],
  kube: [],
  oslo: [],
  openstack: [],
  releases: ["oslo/"],
  api: ["workloads/*/spec.ts"],
  runtime: ["kube/"],
  workloads: ["content/", "api/", "oslo/"],
  plan: ["content/", "api/", "oslo/"],
  options: [
    "api/",
    "oslo/",
    "releases/",
    "workloads/contract.ts",
    "workloads/options-contract.ts",
    "workloads/*/options.ts",
  ],
  desired: ["content/", "api/", "kube/", "releases/", "workloads/", "plan/", "options/", "oslo/"],
  execute: ["kube/", "openstack/", "plan/", "api/", "workloads/contract.ts"],
  witness: ["openstack/", "workloads/*/witness.ts", "workloads/witness-contract.ts"],
  evidence: ["api/", "kube/", "witness/"],
  guest: ["openstack/"],
  operator: [...BELOW, ...MACHINE],
  underlay: ["content/", "kube/", "host/"],
  images: ["workloads/*/image.ts", "content/", "releases/", "oslo/", "host/"],
  up: [...UP, ...["install", "rbac-rules"].map((name) => `operator/${name}.ts`)],
  cli: [...UP, "up/"],
};

/** Imports whose address is found by looking into folders, and the one file of each folder that they load. */
const SCANS: Readonly<Record<string, string>> = {
  "api/services.ts": "workloads/*/spec.ts",
  "images/registry.ts": "workloads/*/image.ts",
  "options/owned.ts": "workloads/*/options.ts",
  "witness/definitions.ts": "workloads/*/witness.ts",
  "workloads/kit/catalog.ts": "workloads/*/catalog.ts",
  "workloads/registry.ts": "workloads/*/workload.ts",
};

interface Import {
  /** Path below src. */
  readonly from: string;
  readonly to: string;
}

const FILES = globSync("src/**/*.ts", { cwd: ROOT })
  .map((file) => file.slice("src/".length))
  .toSorted();
const TEXTS = new Map(FILES.map((file) => [file, readFileSync(join(ROOT, "src", file), "utf8")]));
const IMPORTS = FILES.flatMap((from) =>
  specifiers(TEXTS.get(from) ?? "").flatMap((specifier): Import[] => {
    const to = resolve(from, specifier);
    return to === undefined ? [] : [{ from, to }];
  }),
);
const BETWEEN = [
  ...IMPORTS,
  ...Object.entries(SCANS).map(([from, to]): Import => ({ from, to: to.replace("*", "nova") })),
].filter(({ from, to }) => folderOf(from) !== folderOf(to));

/** What a file names in imports and exports, those of types and those in the midst of the code too. */
function specifiers(text: string): string[] {
  const statements = /^(?:import|export)\s(?:[^;"']*?\sfrom\s)?\s*["']([^"']+)["']/gm;
  const calls = /\bimport\(\s*["']([^"']+)["']/g;
  return [...text.matchAll(statements), ...text.matchAll(calls)].map(([, specifier]) => specifier ?? "");
}

/** Path below src of what a file means; undefined for a package. */
function resolve(from: string, specifier: string): string | undefined {
  if (specifier.startsWith("#src/")) return specifier.slice("#src/".length);
  return specifier.startsWith(".") ? join(dirname(from), specifier) : undefined;
}

function folderOf(file: string): string {
  return file.split("/")[0] ?? "";
}

function allows(rule: string, file: string): boolean {
  if (rule.endsWith("/")) return file.startsWith(rule);
  const [before = "", after] = rule.split("*");
  if (after === undefined) return file === rule;
  return file.startsWith(before) && file.endsWith(after) && file.split("/").length === rule.split("/").length;
}

function forbidden(imports: readonly Import[]): string[] {
  return imports
    .filter(({ from, to }) => !(ALLOWED[folderOf(from)] ?? []).some((rule) => allows(rule, to)))
    .map(({ from, to }) => `src/${from} imports src/${to}`);
}

test("imports are found in each of their forms", () => {
  const text = `import "./a.ts";
import { b } from "./b.ts";
import type { C } from './c.ts';
import {
  d,
  type D,
} from "./d.ts";
export * from "./e.ts";
export { f } from "./f.ts";
const g = await import("./g.ts");
const h = await import(
  "./h.ts"
);
type I = import("./i.ts").I;
const no = 'a text from "./no.ts"';`;
  const found = specifiers(text).toSorted();
  const names = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
  assert.deepEqual(
    found,
    names.map((name) => `./${name}.ts`),
  );
});

test("the rules tell what is forbidden from what is allowed", () => {
  const wrong = [
    { from: "api/x.ts", to: "workloads/nova/build.ts" },
    { from: "api/x.ts", to: "workloads/spec.ts" },
    { from: "host/x.ts", to: "kube/types.ts" },
    { from: "cli/verbs/up.ts", to: "operator/rbac-rules.ts" },
    { from: "execute/x.ts", to: "workloads/registry.ts" },
    { from: "unknown/x.ts", to: "host/exec.ts" },
  ];
  assert.equal(forbidden(wrong).length, wrong.length);
  const right = [
    { from: "api/services.ts", to: "workloads/nova/spec.ts" },
    { from: "up/install.ts", to: "operator/install.ts" },
    { from: "witness/engine.ts", to: "workloads/witness-contract.ts" },
  ];
  assert.deepEqual(forbidden(right), []);
});

test("a folder imports only what it may", () => {
  assert.ok(BETWEEN.length > 100, "imports were found");
  assert.deepEqual(forbidden(BETWEEN), []);
});

test("no import leaves src, and each names a file that exists", () => {
  assert.deepEqual(
    IMPORTS.filter(({ to }) => !TEXTS.has(to)).map(({ from, to }) => `src/${from} imports ${to}`),
    [],
  );
});

test("every folder has its rule, and no rule is for a folder that is gone", () => {
  assert.deepEqual(Object.keys(ALLOWED).toSorted(), [...new Set(FILES.map(folderOf))].toSorted());
});

test("only the known places import what they find in folders", () => {
  const found = FILES.filter((file) => /\bimport\(\s*[^"'\s]/.test(TEXTS.get(file) ?? ""));
  assert.deepEqual(found, Object.keys(SCANS).toSorted());
});

test("a workload's spec.ts imports zod alone, so that api depends on no workload's insides", () => {
  const specs = FILES.filter((file) => /^workloads\/[^/]+\/spec\.ts$/.test(file));
  assert.ok(specs.length > 0);
  for (const file of specs)
    for (const specifier of specifiers(TEXTS.get(file) ?? "")) assert.equal(specifier, "zod", `src/${file}`);
});

test("no folder depends on itself through others", () => {
  const next = new Map<string, Set<string>>();
  // Specs are found in folders of workloads, and import zod alone: what api gets from them leads nowhere further.
  for (const { from, to } of BETWEEN.filter((one) => !allows("workloads/*/spec.ts", one.to)))
    next.set(folderOf(from), (next.get(folderOf(from)) ?? new Set()).add(folderOf(to)));
  const visit = (folder: string, trail: readonly string[]): void => {
    assert.ok(!trail.includes(folder), `folders import each other: ${[...trail, folder].join(" → ")}`);
    for (const below of next.get(folder) ?? []) visit(below, [...trail, folder]);
  };
  for (const folder of next.keys()) visit(folder, []);
});

test("no folder or file is named for having no place", () => {
  for (const file of FILES)
    for (const part of file.replace(/\.ts$/, "").split("/"))
      assert.ok(!["utils", "util", "helpers", "common", "misc", "lib"].includes(part), `src/${file}`);
});

test("no file has more than 300 lines of code", () => {
  for (const [file, text] of TEXTS) {
    const bare = text.replaceAll(/^\s*\/\*[^]*?\*\//gm, "");
    const lines = bare.split("\n").filter((line) => line.trim() !== "" && !line.trim().startsWith("//"));
    assert.ok(lines.length <= 300, `src/${file} has ${lines.length} lines of code`);
  }
});

test("one file of every folder, and every workload, says in its first line what the folder is", () => {
  const rooms = new Set(FILES.map(folderOf));
  for (const folder of rooms) assert.ok(introduced(folder, `src/${folder}`), `src/${folder} says nowhere what it is`);
  const workloads = FILES.filter((file) => /^workloads\/[^/]+\/workload\.ts$/.test(file)).map(dirname);
  for (const path of workloads) {
    const name = path.split("/")[1] ?? "";
    assert.ok(introduced(name, `src/${path}`), `src/${path} says nowhere what it is`);
  }
});

function introduced(name: string, folder: string): boolean {
  const files = FILES.filter((file) => dirname(`src/${file}`) === folder);
  return files.some((file) => (TEXTS.get(file) ?? "").startsWith(`// ${name}: `));
}
