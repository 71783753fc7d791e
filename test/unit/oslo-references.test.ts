import assert from "node:assert/strict";
import { test } from "node:test";
import type { Catalogue, CatalogueOption, OptionType } from "../../src/oslo/catalogue.ts";
import { lookupIn } from "../../src/oslo/interpolation.ts";
import { judgeValue, type OptionValue } from "../../src/oslo/judge.ts";

const STRING: OptionType = { kind: "string" };

function option(group: string, name: string, more: Partial<CatalogueOption> = {}): CatalogueOption {
  return { group, name, type: STRING, namespaces: [], ...more };
}

const OPTIONS: readonly CatalogueOption[] = [
  option("DEFAULT", "state_path", { default: "/var/lib/x" }),
  option("DEFAULT", "lock_path", { default: "$state_path/lock" }),
  option("DEFAULT", "plain"),
  option("DEFAULT", "ratio", { type: { kind: "float" }, default: 1 }),
  option("DEFAULT", "names", { type: { kind: "list", item: STRING }, default: ["a", "it's"] }),
  option("DEFAULT", "host", { fromMachine: true }),
  option("DEFAULT", "port", { type: { kind: "port" } }),
  option("db", "plain", { default: "of db" }),
  option("db", "url", { olderNames: [{ group: "DEFAULT", name: "sql_url" }] }),
];

const CATALOGUE: Catalogue = {
  release: "r",
  service: "s",
  image: "i",
  components: [],
  dynamic: [],
  groups: ["DEFAULT", "db"],
  find: (group, name) => OPTIONS.find((one) => one.group === group && one.name === name),
  options: (group) => OPTIONS.filter((one) => one.group === group),
};

/** The verdict on `[group] name = text` while other options are set, too. */
function judged(group: string, text: string, set: Readonly<Record<string, OptionValue>> = {}, name = "plain") {
  const lookup = lookupIn(CATALOGUE, (one) => set[`${one.group}.${one.name}`]);
  const found = CATALOGUE.find(group, name);
  assert.ok(found);
  return judgeValue(found, text, lookup);
}

function value(group: string, text: string, set?: Readonly<Record<string, OptionValue>>) {
  const verdict = judged(group, text, set);
  return verdict.verdict === "accept" ? verdict.value : verdict.verdict;
}

test("references are replaced by what is set, or by defaults, whose references are replaced in turn", () => {
  assert.equal(value("DEFAULT", "$lock_path/a"), "/var/lib/x/lock/a");
  assert.equal(value("DEFAULT", "${lock_path}a", { "DEFAULT.state_path": "/s" }), "/s/locka");
  assert.equal(value("db", "$plain", { "db.plain": "x" }), "x");
  assert.equal(value("db", "${db.plain}"), "of db");
  assert.equal(value("db", "$state_path"), "/var/lib/x");
  assert.equal(value("DEFAULT", "$$a \\$b $ 5 $1 ${"), "$a $b $ 5 $1 ${");
  assert.equal(value("DEFAULT", "[$port]"), "[]");
});

test("values are written as Python's str writes them", () => {
  assert.equal(value("DEFAULT", "$names $ratio"), `['a', "it's"] 1.0`);
  assert.equal(value("DEFAULT", "$ratio", { "DEFAULT.ratio": 1e16 }), "1e+16");
  assert.equal(value("DEFAULT", "$ratio", { "DEFAULT.ratio": 0.00001 }), "1e-05");
});

test("a reference to nothing, to a group or to a wrong value is refused", () => {
  for (const text of ["$nosuch", "$db", "$nosuch.plain", "$state_path.x", "$DEFAULT.state_path", "$state_path."])
    assert.equal(value("DEFAULT", text), "reject", text);
  assert.equal(value("DEFAULT", "$port", { "DEFAULT.port": 70000 }), "reject");
  assert.equal(value("DEFAULT", "$names", { "DEFAULT.names": ["a,b"] }), "reject");
});

test("what only the service knows is unchecked", () => {
  assert.equal(value("DEFAULT", "$host"), "unchecked");
  assert.equal(value("DEFAULT", "$sql_url"), "unchecked");
  assert.equal(judgeValue(option("DEFAULT", "plain"), "$state_path").verdict, "unchecked");
});

test("loops and laughs end at once, with the reason", () => {
  assert.equal(value("DEFAULT", "$plain", { "DEFAULT.plain": "$plain" }), "reject");
  assert.equal(
    value("DEFAULT", "$lock_path", { "DEFAULT.lock_path": "$state_path", "DEFAULT.state_path": "$lock_path" }),
    "reject",
  );
  const start = performance.now();
  const laughs = Array.from({ length: 30 }, (_, at) =>
    option("DEFAULT", `l${at}`, { default: `$l${at + 1}`.repeat(10) }),
  );
  const all = [...laughs, option("DEFAULT", "l30", { default: "" })];
  const lookup = (_: string | undefined, name: string) => all.find((one) => one.name === name);
  const verdict = judgeValue(option("DEFAULT", "plain"), "$l0", (group, name) => {
    const found = lookup(group, name);
    return found === undefined ? "no option" : { option: found };
  });
  assert.equal(verdict.verdict, "reject");
  assert.match(verdict.verdict === "reject" ? verdict.reason : "", /at most 1000000 characters/);
  // What explodes takes hours; a busy machine may take its time.
  assert.ok(performance.now() - start < 20_000);
});

test("what a reference leads to is not told", () => {
  const verdict = judged("DEFAULT", "$plain", { "DEFAULT.plain": "hunter2" }, "port");
  assert.equal(verdict.verdict, "reject");
  assert.doesNotMatch(JSON.stringify(verdict), /hunter2/);
});
