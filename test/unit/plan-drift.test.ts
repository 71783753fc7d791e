import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parse } from "yaml";
import { readCloud } from "../../src/api/cloud.ts";
import { DRIFT_KINDS, driftAction } from "../../src/api/drift.ts";
import { judgeCloud } from "../../src/api/findings.ts";
import { CLOUD_KINDS } from "../../src/desired/kinds.ts";
import { driftFields } from "../../src/plan/drift-fields.ts";
import { addDrift, DRIFT_NAME, type DriftRecord, driftText, knownDrift, readDrift } from "../../src/plan/drift.ts";
import { keyedBy } from "../../src/plan/secrets.ts";
import { smallestCloud } from "./arbitrary-cloud.ts";

const START = Date.parse("2026-11-23T05:00:00Z");

function record(change: Partial<DriftRecord> = {}): DriftRecord {
  return {
    time: new Date(START).toISOString(),
    object: "Deployment/laptop/api",
    action: "Repaired",
    manager: "kubectl",
    fields: [{ path: "spec.replicas", was: "1", is: "3" }],
    ...change,
  };
}
const later = (seconds: number): string => new Date(START + seconds * 1000).toISOString();

describe("records of drift", () => {
  it("the same again within ten minutes is counted, and goes to the end", () => {
    const other = record({ object: "Service/laptop/api", time: later(1) });
    const records = [record(), other, record({ time: later(599) })].reduce(addDrift, [] as readonly DriftRecord[]);
    assert.deepEqual(
      records.map(({ object, time, last, count }) => [object, time, last, count]),
      [
        ["Service/laptop/api", later(1), undefined, undefined],
        ["Deployment/laptop/api", later(0), later(599), 2],
      ],
    );
    assert.equal(addDrift(records, record({ time: later(599 + 601) })).length, 3, "later it is another");
    assert.equal(addDrift(records, record({ time: later(599 + 599) })).at(-1)?.count, 3, "it goes on from the last");
  });

  for (const [what, change] of [
    ["object", { object: "Deployment/laptop/other" }],
    ["manager", { manager: "kubectl-edit" }],
    ["action", { action: "Reported" }],
    ["field", { fields: [{ path: "spec.paused" }] }],
    ["deletion", { deleted: true }],
  ] as const) {
    it(`another ${what} is another record`, () => {
      assert.equal(addDrift([record()], record(change)).length, 2);
    });
  }

  it("what is left as it is, is told once, and again when it becomes another", () => {
    const left = record({ action: "Reported", managerTime: later(0) });
    assert.ok(knownDrift([left], { ...left, time: later(90_000) }));
    assert.ok(!knownDrift([left], { ...left, managerTime: later(5) }));
    assert.ok(!knownDrift([left], { ...left, fields: [{ path: "spec.replicas", was: "1", is: "4" }] }));
    assert.ok(!knownDrift([left, record()], left), "it was repaired meanwhile");
    assert.ok(!knownDrift([record()], record()), "a repair is told each time");
  });

  it("any records are kept within bounds, the newest last, and read again as they were", () => {
    const field = fc.record(
      { path: fc.string({ maxLength: 200 }), was: fc.string({ maxLength: 200 }) },
      { noNullPrototype: true },
    );
    const some = fc.record(
      {
        time: fc.integer({ min: 0, max: 100_000 }).map(later),
        object: fc.string({ maxLength: 300 }),
        action: fc.constantFrom("Repaired" as const, "Reported" as const),
        manager: fc.string({ maxLength: 128 }),
        fields: fc.array(field, { maxLength: 20 }),
      },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(fc.array(some, { maxLength: 40 }), fc.integer({ min: 1, max: 12 }), (records, times) => {
        const many = Array.from({ length: times }, () => records).flat();
        const text = driftText(many);
        assert.ok(Buffer.byteLength(text) < 256 * 1024);
        const read = readDrift(text);
        assert.ok(read.length <= 200);
        assert.deepEqual(read, many.slice(many.length - read.length));
        if (many.length > 0) assert.ok(read.length > 0);
      }),
    );
  });

  it("the largest records do not outgrow an object of Kubernetes", () => {
    const fields = Array.from({ length: 20 }, () => ({
      path: "p".repeat(200),
      was: "ä".repeat(200),
      is: "i".repeat(200),
    }));
    const text = driftText(Array.from({ length: 300 }, (_, index) => record({ fields, count: index })));
    assert.ok(Buffer.byteLength(text) < 256 * 1024);
    assert.equal(readDrift(text).at(-1)?.count, 299);
  });

  it("a line that somebody broke costs no other line", () => {
    const text = [JSON.stringify(record()), "{", '{"time": 1}', "", JSON.stringify(record({ count: 2 }))].join("\n");
    assert.deepEqual(
      readDrift(text).map(({ count }) => count),
      [undefined, 2],
    );
  });
});

describe("fields of drift", () => {
  const hiding = {
    secret: false,
    keyed: keyedBy("key"),
    holdsSecret: (text: string) => text.includes("hunter2hunter2"),
  };
  const told = (path: string, wanted: unknown, found: unknown, secret = false) =>
    driftFields([{ path, wanted, found }], { ...hiding, secret })[0];

  it("say what was and what is, and nothing where nothing was", () => {
    assert.deepEqual(told("spec.replicas", 1, 3), { path: "spec.replicas", was: "1", is: "3" });
    assert.deepEqual(told("metadata.labels.a", "1", undefined), { path: "metadata.labels.a", was: "1" });
    assert.deepEqual(told("data.more", undefined, "x"), { path: "data.more", is: "x" });
  });

  it("of a long text only the lines that differ", () => {
    const lines = Array.from({ length: 500 }, (_, index) => `option${index} = 1`);
    const edited = lines.with(250, "option250 = 2");
    assert.deepEqual(told("data.nova.conf", lines.join("\n"), edited.join("\n")), {
      path: "data.nova.conf",
      was: "option250 = 1",
      is: "option250 = 2",
    });
  });

  it("never a secret: of a Secret, a variable, a line, or any value that is known", () => {
    const places: readonly (readonly [path: string, wanted: unknown, found: unknown, secret?: boolean])[] = [
      ["data.password", "aHVudGVyMmh1bnRlcjI=", "c3dvcmRmaXNoMQ==", true],
      ["spec.template.spec.containers[api].env[DB_PASSWORD].value", "hunter2hunter2", "swordfish1"],
      ["spec.template.spec.containers[api].env[DB_PASSWORD]", undefined, { name: "DB_PASSWORD", value: "swordfish1" }],
      ["spec.template.spec.containers[b]", undefined, { env: [{ name: "TOKEN", value: "swordfish1" }] }],
      ["data.nova.conf", "a = 1\npassword = hunter2hunter2", "a = 1\npassword = swordfish1"],
      ["data.nova.conf", "a = 1\n", "a = 1\ntransport_url = rabbit://nova:swordfish1@bus"],
      ["data.url", "a", `mysql://nova:hunter2hunter2@db ${"x".repeat(400)}`],
      ["metadata.annotations.hunter2hunter2", undefined, "1"],
    ];
    for (const [path, wanted, found, secret] of places) {
      const text = JSON.stringify(told(path, wanted, found, secret));
      assert.doesNotMatch(text, /hunter2|swordfish|aHVudGVy|c3dvcmRm/, path);
      assert.match(text, /secret [0-9a-f]{16}/, path);
    }
  });

  it("few and short", () => {
    const many = Array.from({ length: 100 }, (_, index) => ({
      path: `spec.${"p".repeat(500)}${index}`,
      wanted: "w".repeat(5000),
      found: { deep: ["f".repeat(5000)] },
    }));
    const fields = driftFields(many, hiding);
    assert.equal(fields.length, 20);
    for (const field of fields) for (const text of Object.values(field)) assert.ok((text ?? "").length <= 200);
  });
});

describe("what is done about drift", () => {
  it("every kind that is written is known", () => {
    assert.deepEqual(CLOUD_KINDS.map(({ kind }) => kind).toSorted(), [...DRIFT_KINDS]);
  });

  it("is what the guide shows", async () => {
    const guide = await readFile(new URL("../../docs/guides/drift.md", import.meta.url), "utf8");
    const [, yaml = ""] = /```yaml\n([^]*?)```/.exec(guide) ?? [];
    const { spec } = parse(yaml) as { spec: object };
    const cloud = { ...smallestCloud(), spec: { ...smallestCloud().spec, ...spec } };
    assert.deepEqual(judgeCloud(cloud), []);
    assert.equal(driftAction(readCloud(cloud).spec.drift, "Deployment"), "Report");
    for (const word of [DRIFT_NAME, "underpin_operator_drift_total"]) assert.ok(guide.includes(word));
  });

  it("follows the kind, then the default; Secrets and Hypervisors are always repaired", () => {
    const policy = { default: "Report", kinds: [{ kind: "Service", action: "Repair" }] } as const;
    assert.equal(driftAction(policy, "Service"), "Repair");
    assert.equal(driftAction(policy, "Deployment"), "Report");
    assert.equal(driftAction(policy, "Secret"), "Repair");
    assert.equal(driftAction(policy, "Hypervisor"), "Repair");
  });
});
