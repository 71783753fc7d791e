// How a plan is shown; UPDATE_GOLDEN=1 writes the files of cli-golden.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { originIn } from "../../src/cli/render/plan-detail.ts";
import { MARKDOWN_BYTES } from "../../src/cli/render/plan-markdown.ts";
import { type PlanFormat, renderPlan } from "../../src/cli/render/plan.ts";
import { buildDesired } from "../../src/desired/objects.ts";
import type { LineOrigins } from "../../src/plan/line-origin.ts";
import { makePlan, type Plan } from "../../src/plan/plan.ts";
import { keyedBy } from "../../src/plan/secrets.ts";
import { objectKey } from "../../src/workloads/contract.ts";
import { loadWorkloads } from "../../src/workloads/registry.ts";
import { fixedCloud, fixedInput, SECRET_MARK } from "./build-input.ts";

const GOLDEN = new URL("cli-golden/", import.meta.url);
const workloads = await loadWorkloads();
const nova = {
  mutable: new Set(["DEFAULT.debug"]),
  readBy: new Map<string, string[]>(),
  formed: new Map<string, never>(),
};

function built({ mariadb, ...spec }: Readonly<Record<string, unknown>>) {
  const input = fixedInput(workloads, fixedCloud(spec));
  const images = { ...input.images, ...(typeof mariadb === "string" ? { mariadb } : {}) };
  return buildDesired(workloads, { ...input, images, release: { ...input.release, options: { nova } } });
}

/** The plan from one Cloud to another, without an API server's defaults. */
function planned(before: Readonly<Record<string, unknown>>, after: Readonly<Record<string, unknown>>, part = {}): Plan {
  const [was, is] = [built(before), built(after)];
  const live = new Map(was.objects.map((object) => [objectKey(object), object]));
  const wanted = new Set(is.objects.map(objectKey));
  const pairs = is.objects.map((object) => {
    const found = live.get(objectKey(object));
    return { ...(found === undefined ? {} : { live: found }), after: object };
  });
  const gone = was.objects.filter((object) => !wanted.has(objectKey(object))).map((object) => ({ live: object }));
  const cloud = { namespace: "laptop", name: "laptop", generation: 2, spec: {} };
  return makePlan({
    // Fixed, so that a changed image or builder changes what is shown only where it shows.
    ground: {
      cloud,
      home: "h",
      operator: "o",
      images: {},
      catalogue: "c",
      steps: {},
      hypervisors: [],
      live: [],
      manager: "underpin-operator",
    },
    pairs: [...pairs, ...gone],
    steps: is.steps,
    done: Object.fromEntries(was.steps.map(({ step, hash }) => [step.id, hash])),
    keyed: keyedBy("golden"),
    refused: [],
    provisional: [],
    notes: [],
    ...part,
  });
}

/** Hashes in names and of the plan change with every builder; what is shown of them does not matter. */
function masked(text: string): string {
  return `${text
    .replaceAll(/\b[0-9a-f]{64}\b/g, "<hash>")
    .replaceAll(/plan [0-9a-f]{12}/g, "plan <hash>")
    .replaceAll(/-[0-9a-f]{10}\b/g, "-<hash>")
    .replaceAll(/\(secret [0-9a-f]{16}\)/g, "(secret <hash>)")
    .replaceAll(/"[0-9a-f]{16}"/g, '"<hash>"')
    .replaceAll(/\d+ stay/g, "<number> stay")
    .replaceAll(/"unchanged": \d+/g, '"unchanged": 0')}\n`;
}

function sameAsGolden(name: string, text: string): void {
  const file = new URL(name, GOLDEN);
  if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(file, masked(text));
  assert.equal(masked(text), readFileSync(file, "utf8"));
  assert.ok(!text.includes(SECRET_MARK), "no secret");
}

function shown(plan: Plan, format: PlanFormat = "text", detail = false): string {
  return renderPlan(plan, { format, detail, width: 80 });
}

const placement = { options: { placement: { allocation_conflict_retry_count: 11 } } };
const after = { services: { nova: { options: { DEFAULT: { debug: true } } }, placement, glance: { replicas: 2 } } };

test("a change for people: short, with detail, and for a merge request", () => {
  const plan = planned({}, after);
  sameAsGolden("plan.txt", shown(plan));
  sameAsGolden("plan-detail.txt", shown(plan, "text", true));
  sameAsGolden("plan.md", shown(plan, "markdown", true));
  const small = planned({}, { services: { glance: { options: { DEFAULT: { workers: 3 } } } } });
  sameAsGolden("plan.json", shown(small, "json"));
});

test("what must be seen comes first: what is refused, and data that goes", () => {
  const risk = {
    refused: [{ key: "StatefulSet/laptop/mariadb", message: "spec: Forbidden" }],
    notes: ["spec.change.paused is true: nothing of this is done until it is false."],
    provisional: ["Secret/laptop/x"],
  };
  const plan = { ...planned({}, after, risk), dataAtRisk: ["PersistentVolumeClaim/laptop/images"] };
  const lines = shown(plan).split("\n").slice(2);
  assert.match(lines[0] ?? "", /^REFUSED +StatefulSet\/laptop\/mariadb: spec: Forbidden$/);
  assert.match(lines[1] ?? "", /^DATA LOST +PersistentVolumeClaim\/laptop\/images is deleted/);
  assert.match(lines.join("\n"), /\nnote +spec\.change\.paused is true/);
});

test("a database that starts anew is told as impact, and nothing to do in one line", () => {
  assert.match(
    shown(planned({}, { mariadb: "mirror.example.org/mariadb:2" })),
    /\nimpact +every API: fails while pods are replaced/,
  );
  const same = planned({}, {});
  assert.equal(shown(same, "text", true), "Cloud laptop/laptop: nothing to do");
  assert.equal(shown(same, "markdown", true), "### Plan of laptop/laptop: nothing to do");
});

/** A plan with so many changes, and with signs that Markdown would obey. */
function large(count: number): Plan {
  const plan = planned({}, after);
  const numbers = Array.from({ length: count }, (_, index) => index);
  return {
    ...plan,
    objects: numbers.map((index) => ({
      type: "changed",
      key: `ConfigMap/laptop/large-${index}`,
      fields: [{ path: 'data["script"]', before: `one\n${"```".repeat(index % 3)}`, after: `two\n${"x".repeat(500)}` }],
    })),
    configuration: numbers.map((index) => ({
      workload: "nova",
      object: "ConfigMap/laptop/nova-base-0123456789",
      file: "10-base.conf",
      group: "DEFAULT",
      option: `option_${index}`,
      before: [],
      after: ["\u001b[31mred"],
    })),
    refused: numbers.map((index) => ({
      key: `Secret/laptop/${index}`,
      message: `<b>|no\n${"\u{1f600}".repeat(5000)}`,
    })),
    notes: numbers.map((index) => `note ${index} ${"\u{1f600}".repeat(5000)}`),
    provisional: numbers.map((index) => `Secret/laptop/later-${index}`),
  };
}

test("for a merge request: whatever its size, below 60 KB, and it says what was cut", () => {
  for (const count of [1, 30, 3000]) {
    const text = shown(large(count), "markdown", true);
    assert.ok(Buffer.byteLength(text) <= MARKDOWN_BYTES, `${Buffer.byteLength(text)} bytes`);
    assert.match(text, /^### Plan of laptop\/laptop\n/);
    assert.match(text, /\n\| hash \| `[0-9a-f]{64}` \|\n/);
    for (const title of ["Graph", "Options", "Objects", "Steps"])
      assert.ok(text.includes(`<details><summary>${title}</summary>\n\n\`\`\``), title);
    assert.equal(text.match(/<details>/g)?.length, text.match(/<\/details>/g)?.length);
    assert.ok(!/\n\|[^\n]*<b>/.test(text.replaceAll("\\<", "")), "no markup of others in the table");
  }
  assert.match(shown(large(3000), "markdown", true), /\d+ lines of \d+ were cut\. All of them: `--detail`/);
  assert.match(shown(large(30), "markdown", true), /\| REFUSED \| and 18 more \|/);
});

test("no line is wider than the terminal, and nothing moves its cursor", () => {
  for (const width of [40, 60, 100]) {
    const text = renderPlan(large(30), { format: "text", detail: true, width, next: "underpin apply -f cloud.yaml" });
    for (const line of text.split("\n").filter((one) => !/^(hash|next) /.test(one)))
      assert.ok(Array.from(line).length <= width, line);
    // oxlint-disable-next-line no-control-regex
    assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f]/);
  }
});

test("a plan of a snapshot says that it is none to be approved", () => {
  const approximate = { made: "2026-01-01T00:00:00Z", cluster: "c", objects: [] };
  const plan: Plan = { ...planned({}, after), hash: "offline", approximate };
  const text = renderPlan(plan, { format: "text", detail: false, width: 80, next: "underpin apply" });
  assert.match(text, /^Cloud laptop\/laptop, approximate plan\n/);
  assert.match(text, /\nhash +none: what was made of a snapshot cannot be approved\n/);
  assert.ok(!text.includes("underpin apply"));
  assert.match(shown(plan, "markdown"), /^### Approximate plan of laptop\/laptop\n/);
});

test("what is expected is told of the whole, and of each step in the graph", () => {
  const expected = { steps: { "gateway/base": 1, "gateway/ready": 21 }, seconds: 95, beyondSteps: 0 };
  const text = renderPlan(planned({}, after), { format: "text", detail: false, graph: true, width: 80, expected });
  assert.match(text, /\ntime +about 95 s\n/);
  assert.match(text, /\ngateway +○ base\* ~1 s ━ ○ ready\* ~21 s\n/);
});

test("what a file says is told with its line there", () => {
  const originOf = originIn("cloud.yaml", (path) => path.length);
  const [line] = large(1).configuration;
  assert.ok(line !== undefined);
  const user = { from: "user", path: ["spec", "services", "nova", "options", "DEFAULT", "debug"] } as const;
  const told = (from: LineOrigins) => originOf({ ...line, from });
  assert.equal(told({ after: user }), "cloud.yaml:6 spec.services.nova.options.DEFAULT.debug");
  assert.equal(told({ after: { from: "profile", profile: "Large" } }), "profile Large");
  assert.equal(told({ before: user }), "before spec.services.nova.options.DEFAULT.debug");
  assert.equal(told({}), undefined);
  const plan = { ...large(1), configuration: [{ ...line, from: { after: user } }] };
  const text = renderPlan(plan, { format: "text", detail: true, width: 100, originOf });
  assert.match(text, /\n {6}from cloud\.yaml:6 spec\.services\.nova\.options\.DEFAULT\.debug\n/);
});
