import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { IniError, mergeIni, multi, Verbatim, writeIni } from "../../src/oslo/ini.ts";
import { IniSyntaxError, readIni } from "../../src/oslo/read.ts";

const name = fc.stringMatching(/^[a-z][a-z0-9_.-]{0,12}$/);
const line = fc.string({ unit: "grapheme", maxLength: 20 }).filter((text) => !/[^\P{Cc}\t]/u.test(text));
const nasty = fc.constantFrom(
  "$",
  "$$",
  '"',
  "'",
  '"a"',
  "'a'",
  '"a',
  " a",
  "a ",
  "\t",
  "#a",
  ";a",
  "a=b",
  "[x]",
  "a:b",
  "",
);
const continuation = line.filter((text) => text !== "" && text === text.trim());
const scalar = fc.oneof(
  line,
  nasty,
  fc.tuple(line, fc.array(continuation, { maxLength: 2 })).map(([first, rest]) => [first, ...rest].join("\n")),
  fc.integer(),
  fc.boolean(),
);

test("what is written is read back: groups, options, order and every character", () => {
  const data = fc.dictionary(
    name,
    fc.dictionary(name, fc.array(scalar, { minLength: 1, maxLength: 3 }), { minKeys: 1 }),
  );
  fc.assert(
    fc.property(data, (groups) => {
      const text = writeIni(mapOptions(groups, (values) => multi(...values)));
      const plain = mapOptions(groups, (values) => values.map(String));
      assert.deepEqual(sortedEntries(readIni(text)), sortedEntries(plain));
    }),
    { numRuns: 500 },
  );
});

test("equal data is equal text, whatever the order in which it was put together", () => {
  const one = writeIni({ b: { y: 1, x: true }, DEFAULT: { z: "t" } });
  assert.equal(one, writeIni({ DEFAULT: { z: "t" }, b: { x: true, y: 1 } }));
  assert.equal(one, "[DEFAULT]\nz = t\n\n[b]\nx = true\ny = 1\n");
});

test("lists, maps, repeated keys and references have oslo's forms", () => {
  const text = writeIni({
    g: {
      list: ["a", 1],
      map: { a: 1, b: "c" },
      many: multi("x", "y"),
      literal: "$a",
      reference: new Verbatim("$my_ip"),
    },
  });
  assert.equal(text, "[g]\nlist = a,1\nliteral = $$a\nmany = x\nmany = y\nmap = a:1,b:c\nreference = $my_ip\n");
});

test("what the format cannot carry is refused, with the place", () => {
  for (const bad of [{ list: ["a,b"] }, { "a=b": 1 }, { a: "x\n\ny" }, { a: "x\ry" }, { a: "x\n y" }]) {
    assert.throws(
      () => writeIni({ group: bad }),
      (error) => error instanceof IniError && /\[group\]/.test(error.message),
    );
  }
  assert.throws(() => writeIni({ "a]b": { x: 1 } }), IniError);
});

test("later layers win, option by option", () => {
  assert.deepEqual(mergeIni({ a: { x: 1, y: 1 } }, { a: { y: 2 }, b: { z: 3 } }), { a: { x: 1, y: 2 }, b: { z: 3 } });
});

test("the reader refuses what oslo refuses, and says where", () => {
  for (const [text, at] of [
    ["a = 1\n", 1],
    ["[g]\nno assignment\n", 2],
    ["[g]\n\n  continues\n", 3],
    ["[g\n", 1],
    ["[g]\n= x\n", 2],
  ] as const) {
    assert.throws(
      () => readIni(text),
      (error) => error instanceof IniSyntaxError && error.line === at,
    );
  }
});

function mapOptions<From, To>(groups: Record<string, Record<string, From>>, change: (value: From) => To) {
  return Object.fromEntries(
    Object.entries(groups).map(([group, options]) => [
      group,
      Object.fromEntries(Object.entries(options).map(([option, value]) => [option, change(value)])),
    ]),
  );
}

function sortedEntries(data: Readonly<Record<string, Readonly<Record<string, unknown>>>>) {
  return Object.keys(data)
    .sort()
    .map((group) => [group, Object.entries(data[group] ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))]);
}
