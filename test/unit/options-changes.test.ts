import assert from "node:assert/strict";
import { test } from "node:test";
import { changeLines, concernTable } from "../../src/cli/render/changes.ts";
import { changeWords } from "../../src/cli/render/explain.ts";
import { concerns } from "../../src/options/changes.ts";
import type { Origin, TracedConfiguration } from "../../src/options/provenance.ts";
import type { CatalogueOption, JsonValue } from "../../src/oslo/catalogue.ts";
import { catalogueChanges } from "../../src/releases/changes.ts";
import { judgeTexts } from "../../src/oslo/judge.ts";
import { catalogue } from "./options-catalogue.ts";

type Given = Omit<CatalogueOption, "namespaces" | "group">;

function release(name: string, ...options: readonly Given[]) {
  return catalogue(
    options.map((option) => ({ ...option, group: "DEFAULT" })),
    name,
  );
}

const TEXT = { kind: "string" } as const;
const BEFORE = release(
  "2025.1",
  { name: "same", type: TEXT, default: "x" },
  { name: "gone", type: TEXT },
  { name: "old_name", type: TEXT, default: "x" },
  { name: "size", type: { kind: "integer" }, default: 1 },
  { name: "narrow", type: { kind: "integer", max: 100 } },
  { name: "machine", type: TEXT, default: "host-a", fromMachine: true },
  { name: "fading", type: TEXT },
);
const AFTER = release(
  "2026.1",
  { name: "same", type: TEXT, default: "x" },
  { name: "new_name", type: TEXT, default: "x", olderNames: [{ group: "DEFAULT", name: "old_name" }] },
  { name: "size", type: { kind: "integer" }, default: 2 },
  { name: "narrow", type: { kind: "integer", max: 10 } },
  { name: "machine", type: TEXT, default: "host-b", fromMachine: true },
  { name: "fading", type: TEXT, deprecated: {} },
  { name: "fresh", type: TEXT },
);
const CHANGES = catalogueChanges(BEFORE, AFTER);

test("the differences of two releases, each once", () => {
  assert.deepEqual(
    CHANGES.map(({ name, change }) => `${name} ${change}`),
    ["fading deprecated", "fresh added", "gone removed", "narrow type", "old_name renamed", "size default"],
  );
  assert.deepEqual(CHANGES.find(({ change }) => change === "renamed")?.to, { group: "DEFAULT", name: "new_name" });
  assert.deepEqual(catalogueChanges(BEFORE, BEFORE), []);
});

function process(component: string, lines: Readonly<Record<string, readonly [text: string, origin: Origin]>>) {
  return {
    service: "nova",
    component,
    controller: component,
    lines: Object.entries(lines).map(([name, [text, origin]]) => ({
      group: "DEFAULT",
      name,
      texts: [text],
      file: "10-base.conf",
      secret: false,
      origin,
    })),
  } satisfies TracedConfiguration;
}

const USER: Origin = { from: "user", path: ["spec", "x"] };
const OURS: Origin = { from: "underpin", owned: true };

test("what the Cloud or Underpin sets comes first, the user's before ours, with what would be refused", () => {
  const processes = [
    process("api", { same: ["y", USER], narrow: ["50", USER], size: ["1", OURS] }),
    process("compute", { narrow: ["50", USER], gone: ["z", OURS] }),
  ];
  const services = [{ service: "nova", changes: CHANGES, before: BEFORE, after: AFTER }];
  const found = concerns(services, processes, (option, texts) => {
    const verdict = judgeTexts(option, texts);
    return verdict.verdict === "reject" ? verdict.reason : undefined;
  });
  assert.deepEqual(
    found.map(({ name, by, components, refused }) => [name, by, components.join(), refused !== undefined]),
    [
      ["narrow", "user", "api,compute", true],
      ["gone", "underpin", "compute", false],
      ["size", "underpin", "api", false],
    ],
  );
  assert.match(
    concernTable(found).join("\n"),
    /nova\.DEFAULT\.narrow +type whole number, at most 100 -> whole number, at most 10 +user +spec\.x; .*50/,
  );
  assert.deepEqual(concernTable([]), ["Nothing of what this Cloud or Underpin sets changes."]);
});

test("the rest is short, and what breaks comes first", () => {
  assert.deepEqual(changeLines("nova", CHANGES), [
    "nova: 1 removed, 1 renamed, 1 default, 1 type, 1 deprecated, 1 added",
    "  DEFAULT.gone: removed",
    "  DEFAULT.old_name: renamed to DEFAULT.new_name",
    "  DEFAULT.size: default 1 -> 2",
    "  DEFAULT.narrow: type whole number, at most 100 -> whole number, at most 10",
    "  DEFAULT.fading: deprecated",
    "  added in DEFAULT: fresh",
  ]);
  assert.deepEqual(changeLines("glance", []), ["glance: no difference"]);
});

test("of two lists of choices only the difference is told, and of equal words the kind", () => {
  const type = (...choices: string[]) => ({ kind: "string", choices });
  const words = (change: "type" | "default", before: JsonValue, after: JsonValue): string =>
    changeWords({ group: "g", name: "n", change, before, after });
  assert.equal(words("type", type("a", "b"), type("b", "c")), "type: no longer a; now also c");
  assert.equal(words("type", type("a", "b"), type("b", "a")), "type: the same choices in another order");
  assert.equal(words("type", { kind: "string" }, { kind: "string", multi: true }), "type text -> text, several times");
  assert.equal(words("default", "60", 60), 'default "60" -> 60');
  assert.equal(words("default", false, true), "default false -> true");
  assert.equal(words("default", ["a"], ["b"]), 'default ["a"] -> ["b"]');
  assert.equal(words("default", ["a", "b", "c"], ["c", "b", "d"]), "default: no longer a; now also d");
  assert.equal(words("default", ["a", "b", "c"], ["c", "b", "a"]), "default: in another order");
});
