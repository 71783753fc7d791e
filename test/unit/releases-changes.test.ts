import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Catalogue, CatalogueOption } from "../../src/oslo/catalogue.ts";
import { catalogueText, parseCatalogue } from "../../src/releases/catalogue-format.ts";
import { catalogueChanges } from "../../src/releases/changes.ts";

function option(name: string, rest: Partial<CatalogueOption> = {}): CatalogueOption {
  return { group: "g", name, type: { kind: "integer" }, namespaces: [], ...rest };
}

function catalogue(...options: readonly CatalogueOption[]): Catalogue {
  const head = { release: "r", service: "s", image: "0", components: [], dynamic: [] };
  return parseCatalogue(Buffer.from(catalogueText(head, options)));
}

describe("differences between two releases", () => {
  for (const [what, before, after, wanted] of [
    ["nothing", [option("a")], [option("a", { help: "Better words." })], []],
    ["added", [], [option("a")], [{ group: "g", name: "a", change: "added" }]],
    ["removed", [option("a")], [], [{ group: "g", name: "a", change: "removed" }]],
    [
      "renamed, and its default changed",
      [option("a", { default: 1 })],
      [option("b", { default: 2, olderNames: [{ group: "g", name: "a" }] })],
      [
        { group: "g", name: "a", change: "renamed", to: { group: "g", name: "b" } },
        { group: "g", name: "a", change: "default", before: 1, after: 2 },
      ],
    ],
    [
      "moved into one that there was",
      [option("a"), option("b")],
      [option("b", { olderNames: [{ group: "g", name: "a" }] })],
      [{ group: "g", name: "a", change: "renamed", to: { group: "g", name: "b" } }],
    ],
    [
      "a default that comes, goes or is false",
      [option("a", { default: 0 }), option("b"), option("c", { default: false })],
      [option("a"), option("b", { default: false }), option("c", { default: false })],
      [
        { group: "g", name: "a", change: "default", before: 0 },
        { group: "g", name: "b", change: "default", after: false },
      ],
    ],
    ["a default of the machine", [option("a", { default: 1 })], [option("a", { fromMachine: true })], []],
    [
      "a type, and deprecated",
      [option("a")],
      [option("a", { type: { kind: "integer", min: 1 }, deprecated: {} })],
      [
        { group: "g", name: "a", change: "type", before: { kind: "integer" }, after: { kind: "integer", min: 1 } },
        { group: "g", name: "a", change: "deprecated" },
      ],
    ],
    ["a group's letters in another case", [option("a", { group: "AGENT" })], [option("a", { group: "agent" })], []],
  ] as const)
    test(what, () => {
      assert.deepEqual(catalogueChanges(catalogue(...before), catalogue(...after)), wanted);
    });
});
