import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { differences, quantity, shapeHash } from "../../src/kube/compare.ts";
import type { Desired, KubeObject } from "../../src/kube/types.ts";

function object(fields: Record<string, unknown>, kind = "Deployment"): Desired & KubeObject {
  return { apiVersion: "apps/v1", kind, metadata: { name: "x", namespace: "y" }, ...fields };
}

function paths(wanted: Record<string, unknown>, live: Record<string, unknown>, kind?: string): string[] {
  return differences(object(wanted, kind), object(live, kind)).map(({ path, extra }) => `${extra ? "+" : ""}${path}`);
}

function pod(spec: object): Record<string, unknown> {
  return { spec: { template: { spec } } };
}

describe("differences", () => {
  it("ignores what the server adds: defaults, status, identity", () => {
    const wanted = pod({ containers: [{ name: "c", image: "i", ports: [{ containerPort: 80 }] }] });
    const ports = [{ containerPort: 80, protocol: "TCP" }];
    const live = {
      ...pod({ containers: [{ name: "c", image: "i", imagePullPolicy: "Always", ports }], restartPolicy: "Always" }),
      status: { replicas: 1 },
    };
    assert.deepEqual(paths(wanted, live), []);
  });

  it("takes what Go leaves out for equal", () => {
    const wanted = pod({
      hostNetwork: false,
      containers: [{ name: "c", args: [], env: [{ name: "E", value: "" }] }],
      volumes: [],
    });
    assert.deepEqual(paths(wanted, pod({ containers: [{ name: "c", env: [{ name: "E" }] }] })), []);
    assert.deepEqual(paths(pod({ securityContext: {} }), pod({})), []);
    assert.deepEqual(paths({ spec: { suspend: true } }, { spec: {} }), ["spec.suspend"]);
    assert.deepEqual(paths({ spec: { replicas: 0 } }, { spec: { replicas: 1 } }), ["spec.replicas"]);
  });

  it("reads quantities as numbers where they are quantities, and nowhere else", () => {
    const resources = (cpu: unknown, memory: string) =>
      pod({ containers: [{ name: "c", resources: { limits: { cpu, memory } } }] });
    assert.deepEqual(paths(resources("1000m", "1024Mi"), resources("1", "1Gi")), []);
    assert.deepEqual(paths(resources(1, "1Gi"), resources("1", "1Gi")), []);
    assert.equal(paths(resources("1", "1Gi"), resources("2", "1Gi")).length, 1);
    const env = (value: string) => pod({ containers: [{ name: "c", env: [{ name: "E", value }] }] });
    assert.equal(paths(env("1000m"), env("1")).length, 1);
  });

  it("finds named items by name, in any order, and tells of additions", () => {
    const wanted = pod({ containers: [{ name: "a" }, { name: "b", image: "1" }] });
    assert.deepEqual(paths(wanted, pod({ containers: [{ name: "b", image: "1" }, { name: "a" }] })), []);
    const drifted = pod({ containers: [{ name: "b", image: "2" }, { name: "a" }, { name: "side" }] });
    assert.deepEqual(paths(wanted, drifted), [
      "spec.template.spec.containers[b].image",
      "+spec.template.spec.containers[side]",
    ]);
    assert.deepEqual(paths({ spec: { containers: [] } }, { spec: { containers: [{ name: "side" }] } }, "Pod"), []);
  });

  it("compares other lists item by item", () => {
    assert.deepEqual(paths({ rules: [{ verbs: ["get"] }] }, { rules: [{ verbs: ["get", "list"] }] }, "Role"), [
      "rules[0].verbs",
    ]);
    assert.deepEqual(paths({ rules: [{}] }, { rules: [{}, {}] }, "Role"), ["rules"]);
  });

  it("owns data and selectors as a whole, labels and annotations not", () => {
    assert.deepEqual(paths({ data: { a: "1" } }, { data: { a: "1", b: "2" } }, "ConfigMap"), ["+data.b"]);
    assert.deepEqual(paths({ spec: { selector: { a: "1" } } }, { spec: { selector: { a: "1", b: "2" } } }, "Service"), [
      "+spec.selector.b",
    ]);
    const wanted = { ...object({}), metadata: { name: "x", labels: { a: "1" } } };
    const live = { ...object({}), metadata: { name: "x", labels: { a: "1", b: "2" }, annotations: { c: "3" } } };
    assert.deepEqual(differences(wanted, live), []);
  });

  it("property: an object does not differ from itself, and a changed leaf is found", () => {
    const key = fc.stringMatching(/^[a-z]{1,6}$/);
    const value = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: "small" },
        fc.string(),
        fc.integer(),
        fc.boolean(),
        fc.array(tie("value"), { maxLength: 3 }),
        fc.dictionary(key, tie("value"), { maxKeys: 3 }),
      ),
    })).value;
    fc.assert(
      fc.property(value, key, fc.string(), (spec, name, text) => {
        assert.deepEqual(differences(object({ spec }), object({ spec: structuredClone(spec) })), []);
        const [wanted, live] = [
          { spec, [`z${name}`]: text },
          { spec, [`z${name}`]: `${text}!` },
        ];
        assert.equal(differences(object(wanted), object(live)).length, 1);
      }),
    );
  });
});

describe("quantity", () => {
  it("reads every suffix", () => {
    const wanted: [unknown, number | undefined][] = [
      ["500m", 0.5],
      ["1Ki", 1024],
      ["2Gi", 2 ** 31],
      ["1e3", 1000],
      ["3k", 3000],
      [2, 2],
      ["0.5", 0.5],
      ["x", undefined],
      ["", undefined],
    ];
    for (const [text, number] of wanted) assert.equal(quantity(text), number, String(text));
  });
});

describe("shapeHash", () => {
  it("changes with fields, not with values or order", () => {
    assert.equal(shapeHash(object({ data: { a: "1", b: "2" } })), shapeHash(object({ data: { b: "x", a: "y" } })));
    assert.notEqual(shapeHash(object({ data: { a: "1", b: "2" } })), shapeHash(object({ data: { a: "1" } })));
    assert.notEqual(shapeHash(object({ data: { a: "1" } })), shapeHash(object({ data: { c: "1" } })));
  });
});
