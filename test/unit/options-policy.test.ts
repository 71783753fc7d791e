import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { PolicyRule } from "../../src/oslo/catalogue.ts";
import { Hints } from "../../src/options/judge-limits.ts";
import { judgePolicy } from "../../src/options/judge-policy.ts";
import { parseCheck } from "../../src/options/policy.ts";

// Each was given to oslo_policy._parser of the release; what it took for a rule, and what it refused.
const TAKEN = [
  "",
  "@",
  "!",
  "role:admin",
  "rule:a and rule:b",
  "role:a or role:b and role:c",
  "role:a and role:b or role:c",
  "not role:a",
  "not (role:a or role:b)",
  "((role:a))",
  "(role:a or role:b) and not role:c",
  "NOT role:a AND role:b",
  "  role:a   or\n role:b ",
  "project_id:%(project_id)s",
  "'admin':%(role.name)s",
  "http://server/%(name)s",
  "field:networks:shared=True",
  "None:%(user_id)s",
];
const REFUSED = [
  "admin",
  "role:a role:b",
  "role:a and",
  "and role:a",
  "or",
  "not",
  "(role:a",
  "role:a)",
  "()",
  "'admin'",
  "role:a and or role:b",
  "role:a or (role:b and)",
  "role:a not role:b",
];

test("check strings are read as oslo.policy reads them", () => {
  for (const text of TAKEN) assert.equal(parseCheck(text).type, "rule", text);
  for (const text of REFUSED) assert.equal(parseCheck(text).type, "wrong", text);
});

test("what a check string is made of is taken whatever its brackets and spaces", () => {
  const check = fc.constantFrom("role:admin", "rule:x", "project_id:%(project_id)s", "@");
  const { rule } = fc.letrec<{ rule: string }>((tie) => ({
    rule: fc.oneof(
      { maxDepth: 4 },
      check,
      fc.tuple(tie("rule"), fc.constantFrom("and", "or"), tie("rule")).map(([a, op, b]) => `(${a}) ${op} (${b})`),
      tie("rule").map((inner) => `not (${inner})`),
    ),
  }));
  fc.assert(fc.property(rule, (text) => parseCheck(text).type === "rule"));
  fc.assert(fc.property(rule, (text) => parseCheck(`${text} and`).type === "wrong"));
});

test("anything at all ends with a verdict", () => {
  fc.assert(fc.property(fc.string({ maxLength: 300 }), (text) => typeof parseCheck(text).type === "string"));
});

const RULES: readonly PolicyRule[] = [
  { name: "admin_required", default: "role:admin" },
  { name: "identity:list_users", default: "rule:admin_required", deprecated: { name: "identity:users" } },
];

function codes(policy: Record<string, unknown>): string[] {
  const found = judgePolicy("keystone", ["policy"], policy, { rules: RULES, hints: new Hints() });
  return found.map(({ path, severity, code }) => `${severity} ${code} ${path}`);
}

test("rules are known, refer to what there is, and not to themselves", () => {
  assert.deepEqual(codes({ "identity:list_users": "role:reader" }), []);
  assert.deepEqual(codes({ "identity:list_user": "role:reader" }), ["error unknown policy.identity:list_user"]);
  assert.deepEqual(codes({ "identity:users": "role:reader" }), ["warning older-name policy.identity:users"]);
  assert.deepEqual(codes({ admin_required: "role:admin" }), ["warning equals-default policy.admin_required"]);
  assert.deepEqual(codes({ admin_required: "rule:nobody" }), ["error value policy.admin_required"]);
  assert.deepEqual(codes({ admin_required: "rule:identity:list_users" }), ["error value policy.admin_required"]);
  assert.deepEqual(codes({ admin_required: "rule:ours", ours: "role:boss" }), []);
  assert.deepEqual(codes({ ours: "rule:ours" }), ["error value policy.ours", "error unknown policy.ours"]);
});

test("the messages say what was meant", () => {
  const message = (policy: Record<string, string>): string =>
    judgePolicy("keystone", ["policy"], policy, { rules: RULES, hints: new Hints() })[0]?.message ?? "";
  assert.match(message({ "identity:list_usres": "@" }), /Did you mean identity:list_users\?/);
  assert.match(message({ admin_required: "rule:identity:list_user" }), /Did you mean rule:identity:list_users\?/);
  assert.match(message({ admin_required: "role:a and" }), /nothing follows the last "and"/);
  assert.match(message({ admin_required: "user_id:%user" }), /%\(project_id\)s/);
});
