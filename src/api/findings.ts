import type { z } from "zod";
import { cloudSchema } from "./cloud.ts";
import { CLOUD_STRUCTURE } from "./crd.ts";
import { API_VERSION } from "./names.ts";
import { overlaps, parseCidr } from "./ipv4.ts";
import { nearest } from "./nearest.ts";
import type { Rule, Violation } from "./rule.ts";
import { CLOUD_RULES } from "./rules.ts";
import { duplicates, exampleValue, type Finding, isFields, type Path, schemaAt, unknownFields } from "./walk.ts";

export type { Finding } from "./walk.ts";

/** A range that is in use already, and by what: "the pods' network". */
export interface TakenRange {
  readonly cidr: string;
  readonly what: string;
}

type Issue = z.core.$ZodIssue;

/**
 * Everything that is wrong with a Cloud as a user wrote it, or should be looked at, judged strictly; empty when it is right. It judges by the
 * same schema and rules as the API server, and says more: the place, the reason, and how it may be written.
 */
export function judgeCloud(value: unknown, taken: readonly TakenRange[] = []): readonly Finding[] {
  if (!isFields(value)) {
    return [error([], "wrong-type", `A Cloud is a map of fields. Example: apiVersion: ${API_VERSION}`)];
  }
  const parsed = cloudSchema.safeParse(value);
  const issues = parsed.success ? [] : parsed.error.issues;
  const shape = issues.map((issue) => translate(issue, value));
  return [
    ...unknownFields(CLOUD_STRUCTURE, value),
    ...shape,
    ...duplicates(CLOUD_STRUCTURE, value),
    ...brokenRules(CLOUD_RULES, value, issues),
    ...collisions(value, taken),
  ];
}

/** Ranges of the Cloud that overlap one that is in use already. */
function collisions(value: unknown, taken: readonly TakenRange[]): Finding[] {
  const patterns = ["spec.network.provider.*.cidr", "spec.network.tunnelCIDR"];
  const ranges = patterns.flatMap((pattern) => places(value, pattern.split(".")));
  return ranges.flatMap(({ path, self }) => {
    const range = parseCidr(String(self));
    return taken.flatMap((other) => {
      const inUse = parseCidr(other.cidr);
      if (range === undefined || inUse === undefined || !overlaps(range, inUse)) return [];
      return [
        error(
          path,
          "overlapping-cidr",
          `${quote(self)} overlaps ${other.cidr}, ${other.what}. Choose a range that shares no address with it. Example: cidr: 10.91.0.0/24`,
        ),
      ];
    });
  });
}

function error(path: Path, code: string, message: string): Finding {
  return { path: path.join("."), severity: "error", code, message };
}

/** What of a Cloud breaks these rules; its shape must be right already, as that of a Cloud from an API server. */
export function judgeRules(rules: readonly Rule[], cloud: unknown): readonly Finding[] {
  return brokenRules(rules, cloud, []);
}

function brokenRules(rules: readonly Rule[], value: unknown, issues: readonly Issue[]): Finding[] {
  const judgeable = (place: Path, rule: Rule): boolean => !issues.some((issue) => touches(issue.path, place, rule));
  return rules.flatMap((rule) =>
    places(value, rule.at === "" ? [] : rule.at.split(".")).flatMap(({ path, self }) => {
      const violation = rule.judge !== undefined && judgeable(path, rule) ? rule.judge(self as never) : undefined;
      return violation === undefined ? [] : [describe(rule, path, violation, value)];
    }),
  );
}

/** A rule is silent where the values that it would judge have the wrong shape: that is told already. */
function touches(issue: readonly PropertyKey[], place: Path, rule: Rule): boolean {
  const own = rule.field === undefined ? place : [...place, ...rule.field.split(".")];
  const [issuePath, ownPath, placePath] = [issue.join("."), own.join("."), place.join(".")];
  if (issuePath === placePath || ownPath.startsWith(`${issuePath}.`) || issuePath === ownPath) return true;
  return rule.at.startsWith("spec.network") && issuePath.startsWith(placePath);
}

function describe(rule: Rule, path: Path, violation: Violation, root: unknown): Finding {
  const field = violation.field ?? rule.field;
  const place = field === undefined ? path : [...path, ...field.split(".")];
  const found = valueAt(root, place);
  const shown = typeof found === "string" || typeof found === "number" ? `${quote(found)}:` : undefined;
  const message = [shown, violation.message, rule.message].filter((part) => part !== undefined).join(" ");
  return { ...error(place, rule.code, message), severity: rule.severity ?? "error" };
}

function places(value: unknown, pattern: readonly string[], path: Path = []): { path: Path; self: unknown }[] {
  const [head, ...rest] = pattern;
  if (head === undefined) return value === undefined || value === null ? [] : [{ path, self: value }];
  if (Array.isArray(value)) {
    return head === "*"
      ? [...(value as unknown[]).entries()].flatMap(([index, item]) => places(item, rest, [...path, index]))
      : [];
  }
  if (!isFields(value)) return [];
  const keys = head === "*" ? Object.keys(value) : [head];
  return keys.flatMap((key) => places(value[key], rest, [...path, key]));
}

/** A finding from what zod says, in our words. */
function translate(issue: Issue, root: unknown): Finding {
  const path = issue.path.map((key) => (typeof key === "number" ? key : String(key)));
  const schema = schemaAt(CLOUD_STRUCTURE, path) ?? {};
  const key = String(path.at(-1) ?? "");
  const found = valueAt(root, path);
  const shown = `${/^\d+$/.test(key) ? "item" : key}: ${exampleFor(path, schema)}`;
  const means = schema.description === undefined ? "" : ` (${firstSentence(schema.description)})`;
  if (found === undefined) return error(path, "missing-field", `The field is missing${means}. Example: ${shown}`);
  const { code, reason } = explain(issue, found, key);
  return error(path, code, `${reason}${means}. Example: ${shown}`);
}

function exampleFor(path: Path, schema: { readonly description?: string }): string {
  if (path.join(".") === "apiVersion") return API_VERSION;
  if (path.join(".") === "kind") return "Cloud";
  if (path[0] === "metadata") return "laptop";
  return exampleValue(schema);
}

function firstSentence(text: string): string {
  return (/^.*?[a-z)](?=[.:](\s|$))/.exec(text)?.[0] ?? text).replace(/\.$/, "");
}

function explain(issue: Issue, found: unknown, key: string): { code: string; reason: string } {
  switch (issue.code) {
    case "invalid_type":
      return { code: "wrong-type", reason: wrongType(issue.expected, found) };
    case "invalid_value":
      return { code: "invalid-value", reason: oneOf(issue.values.map(String), found) };
    case "too_big":
    case "too_small":
      return { code: boundsCode(issue, key), reason: bounds(issue, found) };
    case "invalid_format":
      return { code: "invalid-value", reason: `${quote(found)} is not right: it ${formatMessage(issue.message)}` };
    case "invalid_union":
      return {
        code: "wrong-type",
        reason: "An option's value is text, a number, true or false, or a list or map of these",
      };
    default:
      return { code: "invalid-value", reason: issue.message };
  }
}

function wrongType(expected: string, found: unknown): string {
  const names: Record<string, string> = {
    object: "a map of fields",
    record: "a map",
    array: "a list",
    int: "a whole number",
    number: "a number",
    string: "text",
    boolean: "true or false",
  };
  const quoted =
    expected === "string" && (typeof found === "number" || typeof found === "boolean")
      ? `; put it in quotes: "${found}"`
      : "";
  return `Must be ${names[expected] ?? expected}, and is ${typeName(found)}${quoted}`;
}

function typeName(found: unknown): string {
  if (found === null) return "empty";
  if (Array.isArray(found)) return "a list";
  if (typeof found === "number") return `the number ${found}`;
  return typeof found === "object" ? "a map" : quote(found);
}

function oneOf(values: readonly string[], found: unknown): string {
  const meant = typeof found === "string" ? nearest(found, values) : undefined;
  return `Must be ${values.length === 1 ? values[0] : `one of ${values.join(", ")}`}, and is ${typeName(found)}${meant === undefined ? "" : `; did you mean ${meant}?`}`;
}

function boundsCode(issue: Issue & { code: "too_big" | "too_small" }, key: string): string {
  if (key === "replicas") return "impossible-replicas";
  if (key === "cidr" || key === "tunnelCIDR") return "bad-cidr";
  return issue.origin === "string" && issue.code === "too_big" && key === "name" ? "name-too-long" : "out-of-range";
}

function bounds(issue: Issue & { code: "too_big" | "too_small" }, found: unknown): string {
  const limit = issue.code === "too_big" ? `at most ${issue.maximum}` : `at least ${issue.minimum}`;
  if (typeof found === "string") return `Must have ${limit} characters, and has ${found.length}`;
  if (issue.origin === "array") return `Must have ${limit} items, and has ${Array.isArray(found) ? found.length : 0}`;
  return `Must be ${limit}, and is ${JSON.stringify(found)}`;
}

function formatMessage(message: string): string {
  return message.startsWith("must ") ? message : "has a form that is not allowed";
}

function quote(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return `"${text.length > 60 ? `${text.slice(0, 57)}...` : text}"`;
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, key) => {
    if (Array.isArray(inner)) return (inner as unknown[])[Number(key)];
    if (!isFields(inner) || !Object.hasOwn(inner, key)) return undefined;
    return inner[key];
  }, value);
}
