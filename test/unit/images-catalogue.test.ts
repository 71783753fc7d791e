import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  assemble,
  CatalogueError,
  type Dump,
  type DumpedOption,
  MACHINES,
  type Started,
  STARTED_ON,
  withStarted,
} from "../../src/images/catalogue/assemble.ts";
import { withReaders } from "../../src/images/catalogue/read-by.ts";
import type { ServiceOptions } from "../../src/images/catalogue/services.ts";
import type { CatalogueOption } from "../../src/oslo/catalogue.ts";

const SERVICE: ServiceOptions = {
  distributions: ["s"],
  namespaces: ["s.conf", "oslo.log", "s.other"],
  components: ["api", "agent"],
  dynamic: [],
  notRun: ["s.other"],
};

function dumped(name: string, rest: Partial<DumpedOption> = {}): DumpedOption {
  return { group: "g", name, type: { kind: "string" }, namespace: "s.conf", ...rest };
}

function dump(options: readonly DumpedOption[], auth: readonly DumpedOption[] = []): Dump {
  return { namespaces: {}, services: { s: { options, errors: {} } }, auth };
}

function assembled(here: readonly DumpedOption[], there = here, auth: readonly DumpedOption[] = []): CatalogueOption[] {
  return assemble("s", SERVICE, [dump(here, auth), dump(there, auth)]);
}

describe("options of two machines", () => {
  const [one, two] = MACHINES;

  test("lose a default that is another on another machine, with words for it", () => {
    const [host, cpus, said] = assembled(
      [
        dumped("host", { default: one.host }),
        dumped("n", { default: one.cpus }),
        dumped("x", { default: 1, sampleDefault: "<x>" }),
      ],
      [
        dumped("host", { default: two.host }),
        dumped("n", { default: two.cpus }),
        dumped("x", { default: 2, sampleDefault: "<x>" }),
      ],
    );
    assert.deepEqual(
      [host, cpus, said].map((option) => [option?.default, option?.fromMachine, option?.sampleDefault]),
      [
        [undefined, true, "<host name>"],
        [undefined, true, "<from the number of CPUs>"],
        [undefined, true, "<x>"],
      ],
    );
  });

  test("lose a bound that is another on another machine", () => {
    const [option] = assembled(
      [dumped("n", { type: { kind: "integer", min: 1, max: 3 } })],
      [dumped("n", { type: { kind: "integer", min: 1, max: 61 } })],
    );
    assert.deepEqual(option?.type, { kind: "integer", min: 1 });
  });

  test("that differ in anything else are refused", () => {
    for (const other of [dumped("n", { help: "3" }), dumped("n", { type: { kind: "boolean" } }), dumped("m")])
      assert.throws(() => assembled([dumped("n", { help: "2" })], [other]), CatalogueError);
    assert.throws(() => assembled([dumped("n")], []), CatalogueError);
  });
});

describe("several definitions of an option", () => {
  test("become one: the service's own words, all older names, required only if all say so", () => {
    const [option] = assembled([
      dumped("a", { namespace: "oslo.log", help: "theirs", required: true, olderNames: [{ group: "g", name: "x" }] }),
      dumped("a", { help: "own", secret: true, olderNames: [{ group: "g", name: "y" }] }),
    ]);
    assert.deepEqual(option, {
      group: "g",
      name: "a",
      type: { kind: "string" },
      secret: true,
      olderNames: [
        { group: "g", name: "y" },
        { group: "g", name: "x" },
      ],
      namespaces: ["oslo.log", "s.conf"],
      help: "own",
    });
  });

  test("a group with auth_type has the options of every plugin, none required", () => {
    const auth = [
      dumped("password", { group: "", secret: true, required: true, namespace: "" }),
      dumped("project_id", { group: "", olderNames: [{ group: "", name: "tenant_id" }], namespace: "" }),
    ];
    const options = assembled(
      [dumped("auth_type"), dumped("project_id"), dumped("b", { group: "h" })],
      undefined,
      auth,
    );
    const found = new Map(options.map((option) => [`${option.group}.${option.name}`, option]));
    assert.deepEqual([...found.keys()].toSorted(), ["g.auth_type", "g.password", "g.project_id", "h.b"]);
    assert.equal(found.get("g.password")?.required, undefined);
    assert.deepEqual(found.get("g.project_id")?.olderNames, [{ group: "g", name: "tenant_id" }]);
  });
});

function started(...options: readonly Omit<DumpedOption, "namespace">[]): Started {
  return { options, modules: {}, stopped: "" };
}

describe("what started components add", () => {
  test("options that no sample lists, their facts masked, and defaults that all of them set", () => {
    const listed = assembled([dumped("level", { default: 1 }), dumped("both", { default: 1 })]);
    const options = withStarted(listed, {
      api: started(
        dumped("level", { default: 0 }),
        dumped("both", { default: 2 }),
        dumped("new", { default: STARTED_ON.cpus }),
      ),
      agent: started(dumped("level", { default: 0 }), dumped("both", { default: 3 })),
    });
    const found = new Map(options.map((option) => [option.name, option]));
    assert.equal(found.get("level")?.default, 0);
    assert.equal(found.get("both")?.default, 1);
    assert.deepEqual(found.get("new")?.namespaces, []);
    assert.equal(found.get("new")?.fromMachine, true);
  });
});

describe("who reads an option", () => {
  const options: readonly CatalogueOption[] = assembled([
    dumped("path", { default: "/x" }),
    dumped("logs", { default: "$path/logs" }),
    dumped("unknown"),
    dumped("elsewhere", { namespace: "s.other" }),
    dumped("used", { namespace: "s.other" }),
    dumped("all"),
  ]);
  const asked = { api: new Set(["path", "all"]), agent: new Set(["logs", "all", "used"]) };
  const read = withReaders(options, { asked, started: { agent: started(dumped("used")) }, service: SERVICE });
  const by = new Map(read.map(({ name, readBy }) => [name, readBy]));

  test("is whose code names it", () => assert.deepEqual(by.get("logs"), ["agent"]));
  test("and whoever reads what refers to it", () => assert.equal(by.get("path"), undefined));
  test("all, when no code or all code names it", () => {
    assert.equal(by.get("unknown"), undefined);
    assert.equal(by.get("all"), undefined);
  });
  test("nobody, when it belongs to what no Cloud runs and nobody registered it", () => {
    assert.deepEqual(by.get("elsewhere"), []);
    assert.deepEqual(by.get("used"), ["agent"]);
  });
});

test("groups that differ in the case of letters alone are one, by the name that is listed", () => {
  const listed = assembled([dumped("a", { group: "agent" }), dumped("a", { group: "AGENT", help: "again" })]);
  const options = withStarted(listed, { api: started(dumped("b", { group: "Agent" })) });
  assert.deepEqual(
    options.map(({ group, name }) => `${group}.${name}`),
    ["agent.a", "agent.b"],
  );
});
