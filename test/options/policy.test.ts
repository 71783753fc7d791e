// Check strings of policies: we take what the oslo.policy of the release's image takes, and see the same references.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseCheck } from "../../src/options/policy.ts";
import { imagePython, skip } from "../harness/image-python.ts";
import { random } from "./corpus.ts";

const SEED = 20261123;
const COUNT = 20_000;
const SCRIPT = readFileSync(new URL("policy.py", import.meta.url), "utf8");
/** Words and brackets, right ones more often than wrong ones. */
const WORDS =
  "role:admin rule:a rule:b rule:c project_id:%(project_id)s @ ! and or not AND Or NoT and or ( ) (( )) (role:x role:y) (rule:d) rule:e) admin 'text' \"x\" 'a':%(b)s http://h/%(n)s a:b:c : :a a: () not( andor 'a:b' ('a:b')".split(
    " ",
  );

function corpus(): string[] {
  const next = random(SEED);
  const pick = (count: number): number => Math.floor(next() * count);
  return Array.from({ length: COUNT }, () =>
    Array.from({ length: pick(9) }, () => WORDS[pick(WORDS.length)] ?? "").join(pick(12) === 0 ? "  \n" : " "),
  );
}

test("check strings are taken and refused as oslo.policy does", { skip }, async () => {
  const texts = corpus();
  await using python = await imagePython("openstack");
  const theirs = JSON.parse(await python.run(SCRIPT, JSON.stringify(texts))) as (readonly string[] | null)[];
  const ours = texts.map((text) => {
    const parsed = parseCheck(text);
    if (parsed.type === "wrong") return null;
    return parsed.checks.flatMap(({ kind, match }) => (kind === "rule" ? [match] : [])).toSorted();
  });
  const wrong = texts.flatMap((text, at) =>
    JSON.stringify(ours[at]) === JSON.stringify(theirs[at]) ? [] : [{ text, ours: ours[at], theirs: theirs[at] }],
  );
  assert.deepEqual(wrong.slice(0, 5), []);
  assert.ok(theirs.filter((one) => one !== null).length > COUNT / 20, "many are taken");
});
