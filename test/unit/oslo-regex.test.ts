import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { RegexError, searches } from "../../src/oslo/regex/search.ts";

function found(pattern: string, text: string, ignoreCase = false): boolean {
  return searches({ pattern, ignoreCase }, text);
}

test("patterns mean what they mean to Python", () => {
  for (const [pattern, text, wanted] of [
    ["^(tcp|ssl|unix):.+", "ssl:x", true],
    ["^(tcp|ssl|unix):.+", "ssl:", false],
    ["b+", "abc", true],
    ["^a$", "a\n", true],
    ["^a\\Z", "a\n", false],
    ["a.c", "a\nc", false],
    ["(?s)a.c", "a\nc", true],
    ["^\\d+$", "\u0663", true],
    ["\\w\\b-", "é-", true],
    ["[^]a]", "]", false],
    ["[a-c-]", "-", true],
    ["^a{2,3}$", "aaaa", false],
    ["^a{,2}$", "aa", true],
    ["^(?P<x>a)(?:b)?$", "a", true],
    ["^x{y}$", "x{y}", true],
    ["\\x41\\u0042", "AB", true],
    ["", "", true],
  ] as const)
    assert.equal(found(pattern, text), wanted, `${pattern} in ${JSON.stringify(text)}`);
  assert.equal(found("^aB$", "Ab", true), true);
});

test("what depends on Python's own engine is said to", () => {
  for (const pattern of [
    "(?=a)",
    "(a)\\1",
    "a++",
    "(?<!a)",
    "a**",
    "(a",
    "a)",
    "[b-a]",
    "\\N{DASH}",
    "(?>a)",
    "(?i:a)",
  ])
    assert.throws(() => found(pattern, "a"), RegexError, pattern);
  assert.throws(() => found("é", "É", true), RegexError);
  assert.throws(() => found("((a{100}){100}){100}", "a"), RegexError);
});

/** Patterns of the part of the syntax that means the same to JavaScript. */
const atom = fc.constantFrom("a", "b", "[ab]", "[^a]", "a|b", "ab", "^", "$", "c");
const pattern = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    atom,
    fc.tuple(tie("node"), tie("node")).map(([left, right]) => `${left}${right}`),
    fc.tuple(tie("node"), fc.constantFrom("*", "+", "?", "{1,2}")).map(([node, count]) => `(?:${node})${count}`),
    fc.tuple(tie("node"), tie("node")).map(([left, right]) => `(${left}|${right})`),
  ),
})).node;

test("all ways through a pattern are found that there are", () => {
  fc.assert(
    fc.property(pattern, fc.stringMatching(/^[abc]{0,6}$/), (source, text) => {
      assert.equal(found(source, text), new RegExp(source).test(text), `${source} in ${text}`);
    }),
    { numRuns: 2000 },
  );
});

test("nothing explodes", () => {
  const start = performance.now();
  assert.equal(found("^(a+)+$", `${"a".repeat(20_000)}b`), false);
  assert.equal(found("(a*)*(a*)*(a*)*c", "a".repeat(20_000)), false);
  assert.throws(() => found("a{1,1000}b", "a".repeat(100_000)), RegexError);
  // What explodes takes hours; a busy machine may take its time.
  assert.ok(performance.now() - start < 20_000);
});
