import assert from "node:assert/strict";
import { test } from "node:test";
import type { CatalogueOption, JsonValue, OptionType } from "../../src/oslo/catalogue.ts";
import { judgeTexts, judgeValue, type OptionValue } from "../../src/oslo/judge.ts";
import { judgeText } from "../../src/oslo/types/judge-text.ts";

/** Whatever oslo.config really does is compared in test/options, with every option of every service. */
function option(type: OptionType, more: Partial<CatalogueOption> = {}): CatalogueOption {
  return { group: "g", name: "o", type, namespaces: [], ...more };
}

const STRING: OptionType = { kind: "string" };
const INTEGER: OptionType = { kind: "integer" };

const ACCEPTED: readonly (readonly [OptionType, string, JsonValue])[] = [
  [INTEGER, " 1_000 ", 1000],
  [INTEGER, "\u0663\u0660", 30],
  [INTEGER, "  ", null],
  [INTEGER, "99999999999999999999", "99999999999999999999"],
  [{ kind: "float" }, "1e400", "inf"],
  [{ kind: "float", max: 1 }, "nan", "nan"],
  [{ kind: "boolean" }, "oN", true],
  [{ kind: "string", choices: ["Abc"], ignoreCase: true }, "aBC", "aBC"],
  [{ kind: "string", quotes: true }, "'a'", "a"],
  [{ kind: "list", item: INTEGER }, "1, 2,,", [1, 2]],
  [{ kind: "list", item: { kind: "string", choices: ["a,b", "c"] } }, "c,a,b", ["c", "a,b"]],
  [{ kind: "list", item: STRING, bounds: true }, "[a,]", ["a", ""]],
  [{ kind: "dict", value: STRING }, "a:b,c, d : e", { a: "b", "c, d": "e" }],
  [{ kind: "range", inclusive: true }, "5-1", [5, 0, -1]],
  [{ kind: "ip" }, "::ffff:1.2.3.4", "::ffff:1.2.3.4"],
  [{ kind: "host" }, "a.b.", "a.b"],
  [{ kind: "hostdomain" }, "a_b.c", "a_b.c"],
  [{ kind: "uri" }, "http://[::1]:80/a?b#c", "http://[::1]:80/a?b#c"],
];

test("what oslo.config takes has its value", () => {
  for (const [type, text, value] of ACCEPTED)
    assert.deepEqual(judgeText(type, text), { verdict: "accept", value }, `${type.kind} ${text}`);
});

const REJECTED: readonly (readonly [OptionType, string])[] = [
  [{ kind: "integer", min: 1 }, "0"],
  [INTEGER, "0x10"],
  [INTEGER, "9".repeat(4301)],
  [{ kind: "port" }, "65536"],
  [{ kind: "boolean" }, " true"],
  [{ kind: "string", maxLength: 2 }, "abc"],
  [{ kind: "list", item: STRING, bounds: true }, "a"],
  [{ kind: "list", item: STRING, minLength: 2 }, "a"],
  [{ kind: "dict", value: STRING }, "a:b,a:c"],
  [{ kind: "ip", version: 4 }, "::1"],
  [{ kind: "ip" }, "01.2.3.4"],
  [{ kind: "hostname" }, "1.2"],
  [{ kind: "uri", schemes: ["http"] }, "ftp://a"],
  [{ kind: "uri" }, "http:///a"],
];

test("what it refuses is refused with what is allowed and what was given", () => {
  for (const [type, text] of REJECTED) {
    const verdict = judgeText(type, text);
    assert.equal(verdict.verdict, "reject", `${type.kind} ${text}`);
    if (verdict.verdict === "reject")
      assert.ok(verdict.reason.startsWith(`${verdict.allowed}; given: "`), verdict.reason);
  }
  const verdict = judgeText({ kind: "integer", min: 1, max: 10 }, "11");
  assert.equal(verdict.verdict === "reject" && verdict.reason, 'a whole number from 1 to 10; given: "11"');
});

test("characters are counted as Python counts them", () => {
  const type: OptionType = { kind: "string", maxLength: 2 };
  assert.equal(judgeText(type, "\u{1f600}\u{1f600}").verdict, "accept");
  assert.equal(judgeText(type, "\u{1f600}\u{1f600}x").verdict, "reject");
});

test("typed values are what oslo.config has in hand, or are refused with the reason", () => {
  const list: OptionType = { kind: "list", item: STRING };
  const accepted: readonly (readonly [OptionType, OptionValue, JsonValue])[] = [
    [{ kind: "boolean" }, true, true],
    [{ kind: "float" }, 0.1, 0.1],
    [list, ["a", "b"], ["a", "b"]],
    [list, ['"a"', "'b'"], ['"a"', "'b'"]],
    [list, [], []],
    [{ kind: "list", item: { kind: "string", quotes: true } }, ["a,b", " c"], ["a,b", " c"]],
    [{ kind: "list", item: INTEGER, bounds: true }, [1, 2], [1, 2]],
    [{ kind: "dict", value: INTEGER }, { a: 1 }, { a: 1 }],
    [STRING, ' "a" # b', ' "a" # b'],
    [STRING, "a\n b".replace(" ", ""), "a\nb"],
  ];
  for (const [type, typed, value] of accepted)
    assert.deepEqual(judgeValue(option(type), typed), { verdict: "accept", value }, JSON.stringify(typed));
  const refused: readonly (readonly [OptionType, OptionValue])[] = [
    [list, ["a,b"]],
    [list, ["a", ""]],
    [list, [" a"]],
    [list, { a: "b" }],
    [STRING, ["a"]],
    [STRING, "a\rb"],
    [STRING, "\ud800"],
    [INTEGER, 2 ** 60],
    [{ kind: "dict", value: STRING }, { "a:b": "c" }],
  ];
  for (const [type, typed] of refused)
    assert.equal(judgeValue(option(type), typed).verdict, "reject", JSON.stringify(typed));
});

test("an option with a line for each value has them in order, and cannot be made empty", () => {
  const many = option(STRING, { multi: true, default: ["d"] });
  assert.deepEqual(judgeValue(many, ["a,b", ""]), { verdict: "accept", value: ["a,b", ""] });
  assert.deepEqual(judgeValue(many, "a"), { verdict: "accept", value: ["a"] });
  assert.equal(judgeValue(many, []).verdict, "reject");
  assert.deepEqual(judgeTexts(option(STRING), ["a", "b"]), { verdict: "accept", value: "b" });
});

test("a secret is never told", () => {
  const types: readonly OptionType[] = [
    INTEGER,
    { kind: "list", item: INTEGER },
    { kind: "dict", value: INTEGER },
    { kind: "uri" },
    { kind: "string", regex: "^x$" },
  ];
  for (const type of types) {
    const verdict = judgeValue(option(type, { secret: true }), "k:hunter2");
    assert.equal(verdict.verdict, "reject");
    assert.doesNotMatch(JSON.stringify(verdict), /hunter2/);
  }
});

test("no value takes long, however it is made", () => {
  const start = performance.now();
  judgeText({ kind: "list", item: { kind: "string", regex: "^(a+)+$" } }, "a!,".repeat(20_000));
  judgeText({ kind: "string", regex: "^(a|a?)+$" }, `${"a".repeat(50_000)}b`);
  judgeText({ kind: "dict", value: INTEGER }, "a,".repeat(50_000));
  judgeText(INTEGER, "1".repeat(1_000_000));
  judgeText({ kind: "uri" }, `http://${"a@".repeat(100_000)}`);
  judgeText({ kind: "uri" }, `http://${"a".repeat(1_000_000)}/[`);
  judgeText({ kind: "hostname" }, "a.".repeat(500_000));
  judgeText({ kind: "float" }, `${"1_".repeat(300_000)}x`);
  judgeText({ kind: "float" }, `é1${" ".repeat(300_000)}x`);
  judgeText({ kind: "list", item: STRING }, `${",".repeat(300_000)}x`);
  // What explodes takes hours; a busy machine may take its time.
  assert.ok(performance.now() - start < 30_000, `${performance.now() - start} ms`);
});
