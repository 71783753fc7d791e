// Plans as data: what differs is found and nothing else, and no secret is in them.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Manifest } from "../../src/api/manifest.ts";
import type { Step } from "../../src/api/step.ts";
import { objectChanges } from "../../src/plan/changes.ts";
import { configurationChanges } from "../../src/plan/configuration.ts";
import { fieldChanges } from "../../src/plan/fields.ts";
import { type Ground, groundHash } from "../../src/plan/hash.ts";
import { workloadImpacts } from "../../src/plan/impact.ts";
import { ownedFields } from "../../src/plan/owned.ts";
import { makePlan, type PlanInput } from "../../src/plan/plan.ts";
import { keyedBy, MADE_LATER } from "../../src/plan/secrets.ts";

const keyed = keyedBy("key of the test");
const name = fc.stringMatching(/^[a-z]{1,6}$/);
const leaf = fc.oneof(fc.string({ maxLength: 6 }), fc.integer(), fc.boolean(), fc.constant(null));
const { tree } = fc.letrec<{ tree: unknown; list: unknown; map: unknown }>((tie) => ({
  tree: fc.oneof({ depthSize: "small", withCrossShrink: true }, leaf, tie("list"), tie("map")),
  list: fc.oneof(
    fc.array(tie("tree"), { maxLength: 3 }),
    fc
      .uniqueArray(name, { maxLength: 3 })
      .chain((names) => fc.tuple(...names.map((one) => fc.record({ name: fc.constant(one), value: tie("tree") })))),
  ),
  map: fc.dictionary(name, tie("tree"), { maxKeys: 4, noNullPrototype: true }),
}));

function object(kind: string, title: string, rest: object = {}, labels: Record<string, string> = {}): Manifest {
  return { apiVersion: "v1", kind, metadata: { name: title, namespace: "laptop", labels }, ...rest };
}

describe("fields", () => {
  test("equal values differ nowhere", () => {
    fc.assert(fc.property(tree, (value) => assert.deepEqual(fieldChanges(value, structuredClone(value)), [])));
  });

  test("values that differ do so somewhere, and both sides are told", () => {
    fc.assert(
      fc.property(tree, tree, (before, after) => {
        const same = JSON.stringify(sorted(before)) === JSON.stringify(sorted(after));
        const found = fieldChanges(before, after);
        assert.equal(found.length === 0, same);
        for (const change of found) assert.notDeepEqual(change.before, change.after);
        assert.deepEqual(
          fieldChanges(after, before)
            .map(({ path }) => path)
            .toSorted(),
          found.map(({ path }) => path).toSorted(),
        );
      }),
    );
  });

  test("what is set at generated places is found there, and nothing else", () => {
    const paths = fc.uniqueArray(fc.array(name, { minLength: 1, maxLength: 4 }), {
      maxLength: 5,
      selector: (path) => path.join("."),
    });
    fc.assert(
      fc.property(fc.dictionary(name, tree, { maxKeys: 4, noNullPrototype: true }), paths, (start, places) => {
        const base = { untouched: start };
        // No place lies within another.
        const apart = places.filter((path) => !places.some((one) => one !== path && within(path, one)));
        const [before, after] = [structuredClone(base), structuredClone(base)] as Record<string, unknown>[];
        for (const path of apart) {
          set(before ?? {}, path, "before");
          set(after ?? {}, path, "after");
        }
        const wanted = apart.map((path) => ["changing", ...path].join("."));
        const found = fieldChanges(before, after);
        assert.deepEqual(found.map(({ path }) => path).toSorted(), wanted.toSorted());
        for (const change of found) assert.deepEqual([change.before, change.after], ["before", "after"]);
      }),
    );
  });

  test("items of lists are found by their names, wherever they stand; keys with dots are told apart", () => {
    const before = { containers: [{ name: "a", image: "1" }, { name: "b" }], data: { "a.conf": "x" } };
    const after = { containers: [{ name: "c" }, { name: "a", image: "2" }], data: { "a.conf": "y" } };
    assert.deepEqual(fieldChanges(before, after), [
      { path: "containers[a].image", before: "1", after: "2" },
      { path: "containers[b]", before: { name: "b" } },
      { path: "containers[c]", after: { name: "c" } },
      { path: 'data["a.conf"]', before: "x", after: "y" },
    ]);
    const swapped = fieldChanges([{ name: "a" }, { name: "b" }], [{ name: "b" }, { name: "a" }]);
    assert.deepEqual(swapped, [{ path: "[] (order)", before: ["a", "b"], after: ["b", "a"] }]);
  });
});

function within(path: readonly string[], other: readonly string[]): boolean {
  return other.every((part, index) => path[index] === part) || path.every((part, index) => other[index] === part);
}

function set(root: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let at = (root["changing"] ??= {}) as Record<string, unknown>;
  for (const part of path.slice(0, -1)) at = (at[part] ??= {}) as Record<string, unknown>;
  at[path.at(-1) ?? ""] = value;
}

/** Keys in order; lists of named items by name, with their order beside. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).map(([key, inner]): [string, unknown] => [key, sorted(inner)]);
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

const digits = fc.stringMatching(/^[0-9a-f]{10}$/);

describe("objects", () => {
  test("created, deleted, changed and unchanged are told apart", () => {
    const types = fc.constantFrom("created", "deleted", "changed", "unchanged");
    fc.assert(
      fc.property(fc.dictionary(name, types, { noNullPrototype: true }), (wanted) => {
        const pairs = Object.entries(wanted).map(([title, type]) => {
          const live = object("ConfigMap", title, { data: { a: "1" }, status: { seen: 1 } });
          const after = object("ConfigMap", title, {
            data: { a: type === "changed" ? "2" : "1" },
            status: { seen: 2 },
          });
          return { ...(type === "created" ? {} : { live }), ...(type === "deleted" ? {} : { after }) };
        });
        const { changes, unchanged } = objectChanges(pairs, keyed);
        const told = Object.fromEntries(changes.map(({ key, type }) => [key.split("/")[2], type]));
        const moved = Object.entries(wanted).filter(([, type]) => type !== "unchanged");
        assert.deepEqual(told, Object.fromEntries(moved));
        assert.equal(unchanged, Object.keys(wanted).length - moved.length);
      }),
    );
  });

  test("another content under another name reads as one change, with what differs", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("ConfigMap", "Secret", "Job"),
        name,
        fc.uniqueArray(digits, { minLength: 2, maxLength: 2 }),
        (kind, title, [a, b]) => {
          const live = object(kind, `${title}-${a}`, { data: { x: "1", y: "1" } });
          const after = object(kind, `${title}-${b}`, { data: { x: "1", y: "2" } });
          const { changes } = objectChanges([{ after }, { live }], keyed);
          assert.equal(changes.length, 1);
          const [change] = changes;
          assert.equal(change?.type, "changed");
          assert.deepEqual(
            [change?.key, change?.replaces],
            [`${kind}/laptop/${title}-${b}`, `${kind}/laptop/${title}-${a}`],
          );
          assert.deepEqual(
            change?.fields.map(({ path }) => path),
            ["data.y"],
          );
        },
      ),
    );
  });

  test("of several with one prefix, those of one component belong together; others are not joined", () => {
    const one = (component: string, hash: string) =>
      object("ConfigMap", `nova-base-${hash}`, {}, { "app.kubernetes.io/component": component });
    const { changes } = objectChanges(
      [
        { live: one("api", "aaaaaaaaaa") },
        { live: one("scheduler", "bbbbbbbbbb") },
        { after: one("scheduler", "cccccccccc") },
        { after: one("api", "dddddddddd") },
        { live: object("ConfigMap", "other-base-eeeeeeeeee") },
        { after: object("Secret", "nova-base-ffffffffff") },
      ],
      keyed,
    );
    assert.deepEqual(
      changes.map(({ type, key, replaces }) => [type, key.slice(-10), replaces?.slice(-10)]),
      [
        ["changed", "cccccccccc", "bbbbbbbbbb"],
        ["changed", "dddddddddd", "aaaaaaaaaa"],
        ["deleted", "eeeeeeeeee", undefined],
        ["created", "ffffffffff", undefined],
      ],
    );
  });
});

describe("configuration", () => {
  const layer = (kind: string, file: string, text: string) =>
    object(kind, "x", { data: { [file]: kind === "Secret" ? Buffer.from(text).toString("base64") : text } });

  test("lines are told by group and option, before and after, and those of a secret as keyed hashes", () => {
    const live = layer("ConfigMap", "10-base.conf", "[DEFAULT]\ndebug = false\ngone = 1\n[a]\nkept = 2\n");
    const after = layer("ConfigMap", "10-base.conf", "[DEFAULT]\ndebug = true\n[a]\nkept = 2\nmore = 1\nmore = 2\n");
    assert.deepEqual(
      configurationChanges([{ live, after }], keyed).map(({ group, option, ...line }) => [
        `${group}.${option}`,
        line.before,
        line.after,
      ]),
      [
        ["DEFAULT.debug", ["false"], ["true"]],
        ["DEFAULT.gone", ["1"], []],
        ["a.more", [], ["1", "2"]],
      ],
    );
    const secret = configurationChanges([{ after: layer("Secret", "20-secret.conf", "[a]\nb = hidden\n") }], keyed);
    assert.deepEqual(
      secret.map((line) => line.after),
      [[keyed("hidden")]],
    );
  });

  test("a file that is none is passed over", () => {
    const pair = { live: layer("ConfigMap", "10-base.conf", "no option"), after: object("ConfigMap", "x") };
    assert.deepEqual(configurationChanges([pair], keyed), []);
  });
});

const controller = (kind: string, spec: object = {}) =>
  object(kind, "api", {
    spec: {
      template: {
        spec: {
          image: "1",
          volumes: [{ name: "config", projected: { sources: [{ configMap: { name: "api-mutable" } }] } }],
        },
      },
      ...spec,
    },
  });

function effectOf(live: Manifest[], after: Manifest[]): string[] {
  const keys = [...new Set([...live, ...after].map((one) => `${one.kind}/${one.metadata.name}`))];
  const find = (list: Manifest[], key: string) => list.find((one) => `${one.kind}/${one.metadata.name}` === key);
  const pairs = keys.map((key) => {
    const [was, is] = [find(live, key), find(after, key)];
    return { ...(was === undefined ? {} : { live: was }), ...(is === undefined ? {} : { after: is }) };
  });
  return workloadImpacts(objectChanges(pairs, keyed).changes, { live, after }).map(({ effect }) => effect);
}

test("the effect on pods follows from what changes and how the controller replaces them", () => {
  const template = { template: { spec: { image: "2" } } };
  const cases: readonly [string, object, string][] = [
    ["Deployment", {}, "rolls"],
    ["Deployment", { strategy: { type: "Recreate" } }, "recreates"],
    ["StatefulSet", {}, "recreates"],
    ["DaemonSet", {}, "recreates"],
    ["DaemonSet", { updateStrategy: { type: "OnDelete" } }, "waits"],
  ];
  for (const [kind, how, effect] of cases)
    assert.deepEqual(effectOf([controller(kind, how)], [controller(kind, { ...how, ...template })]), [effect], kind);
  const mutable = (text: string) => object("ConfigMap", "api-mutable", { data: { "90-mutable.conf": text } });
  const one = controller("Deployment");
  assert.deepEqual(effectOf([one, mutable("a")], [one, mutable("b")]), ["reloads"]);
  assert.deepEqual(effectOf([one, mutable("a")], [one, mutable("a")]), []);
  assert.deepEqual(effectOf([one, mutable("a")], [controller("Deployment", template), mutable("b")]), ["rolls"]);
  assert.deepEqual(effectOf([controller("Deployment", { replicas: 1 })], [controller("Deployment", { replicas: 2 })]), [
    "scales",
  ]);
  assert.deepEqual(effectOf([], [one]), ["starts"]);
  assert.deepEqual(effectOf([one], []), ["stops"]);
});

const OURS = {
  manager: "us",
  operation: "Apply",
  fieldsV1: {
    "f:data": { ".": {}, "f:mine": {} },
    "f:spec": {
      "f:ports": { 'k:{"port":80}': { ".": {}, "f:port": {}, "f:name": {} } },
      "f:finalizers": { 'v:"x"': {} },
    },
  },
};

function live(mine: string, others: string, status: unknown, kind = "ConfigMap"): Manifest {
  return {
    apiVersion: "v1",
    kind,
    metadata: {
      name: "x",
      namespace: "laptop",
      resourceVersion: others,
      managedFields: [OURS, { manager: others, operation: "Update", fieldsV1: { "f:data": { "f:theirs": {} } } }],
    },
    data: { mine, theirs: others },
    spec: { ports: [{ port: 80, name: "http", nodePort: others.length }], finalizers: ["x"] },
    status,
  };
}

function groundOf(...objects: Manifest[]): Ground {
  const cloud = { namespace: "laptop", name: "laptop", generation: 1, spec: { region: "a" } };
  const rest = { home: "h", operator: "o", images: { a: "b" }, catalogue: "c", steps: { s: "1" }, hypervisors: ["n1"] };
  return { cloud, ...rest, live: objects, manager: "us" };
}

test("of several things with one name before the hash, each goes for the one that it has most in common with", () => {
  const base = (hash: string, lines: readonly string[], kind = "ConfigMap"): Manifest => {
    const text = lines.join("\n");
    const stored = kind === "Secret" ? Buffer.from(text).toString("base64") : text;
    return object(kind, `nova-base-${hash}`, { data: { "10-base.conf": stored } });
  };
  const common = ["[DEFAULT]", "a = 1", "b = 2"];
  const [api, compute, scheduler] = [["workers = 3"], ["host = n1", "vif = 5"], ["discover = 3", "fuzzy = 0"]];
  for (const kind of ["ConfigMap", "Secret"]) {
    const live = [api, compute, scheduler].map((own, index) => base(`000000000${index}`, [...common, ...own], kind));
    const after = [scheduler, api, compute].map((own, index) =>
      base(`111111111${index}`, [...common, "new = 1", ...own], kind),
    );
    const { changes } = objectChanges(
      [...after.map((one) => ({ after: one })), ...live.map((one) => ({ live: one }))],
      keyed,
    );
    assert.deepEqual(
      changes.map(({ type, key, replaces }) => [type, key.slice(-1), replaces?.slice(-1)]),
      [
        ["changed", "0", "2"],
        ["changed", "1", "0"],
        ["changed", "2", "1"],
      ],
    );
  }
});

test("what the API server writes into objects for itself is no change", () => {
  const job = (title: string, uid: string, image: string): Manifest =>
    object("Job", title, {
      spec: {
        selector: { matchLabels: { "batch.kubernetes.io/controller-uid": uid } },
        template: {
          metadata: { labels: { a: "x", "controller-uid": uid, "batch.kubernetes.io/job-name": title } },
          spec: { containers: [{ name: "db", image }] },
        },
      },
    });
  const pair = { live: job("db-0123456789", "u1", "i:1"), after: job("db-1234567890", "u2", "i:2") };
  const { changes } = objectChanges([{ live: pair.live }, { after: pair.after }], keyed);
  assert.deepEqual(
    changes.map(({ key, fields }) => [key, fields.map(({ path }) => path)]),
    [["Job/laptop/db-1234567890", ["spec.template.spec.containers[db].image"]]],
  );
  const counted = (count: string): Manifest => {
    const annotations = { "deprecated.daemonset.template.generation": count };
    const daemonSet = object("DaemonSet", "x");
    return { ...daemonSet, metadata: { ...daemonSet.metadata, annotations } };
  };
  assert.deepEqual(objectChanges([{ live: counted("1"), after: counted("2") }], keyed).changes, []);
});

describe("the hash", () => {
  test("follows our fields alone", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), fc.jsonValue(), (mine, a, b, status) => {
        const hash = groundHash(groundOf(live(mine, a, {})), keyed);
        assert.equal(groundHash(groundOf(live(mine, b, status)), keyed), hash);
        assert.notEqual(groundHash(groundOf(live(`${mine}!`, a, {})), keyed), hash);
      }),
    );
    assert.deepEqual(
      ownedFields(live("m", "o", {}), "us").map(([path]) => path),
      [
        "/f:data/f:mine",
        '/f:spec/f:finalizers/v:"x"',
        '/f:spec/f:ports/k:{"port":80}/f:name',
        '/f:spec/f:ports/k:{"port":80}/f:port',
      ],
    );
  });

  test("follows everything else that a plan stands on, and no order", () => {
    const base = groundOf(live("m", "o", {}));
    const hash = groundHash(base, keyed);
    const others: Ground[] = [
      { ...base, home: "i" },
      { ...base, operator: "p" },
      { ...base, images: { a: "c" } },
      { ...base, catalogue: "d" },
      { ...base, steps: { s: "2" } },
      { ...base, hypervisors: ["n1", "n2"] },
      { ...base, cloud: { ...base.cloud, generation: 2 } },
      { ...base, cloud: { ...base.cloud, spec: { region: "b" } } },
      { ...base, live: [] },
    ];
    for (const other of others) assert.notEqual(groundHash(other, keyed), hash);
    const two = [live("m", "o", {}), { ...live("m", "o", {}), kind: "Service" }];
    assert.equal(groundHash(groundOf(...two), keyed), groundHash(groundOf(...two.toReversed()), keyed));
  });
});

function inputOf(part: Partial<PlanInput>): PlanInput {
  return {
    ground: groundOf(),
    pairs: [],
    steps: [],
    done: {},
    keyed,
    refused: [],
    provisional: [],
    notes: [],
    ...part,
  };
}

function step(id: string, hash: string, rest: Partial<Step> = {}) {
  const common = { id, needs: [], onFailure: "", timeoutSeconds: 1 };
  return { step: { type: "call", action: "api-answers", input: {}, ...common, ...rest } as Step, objects: [], hash };
}

describe("the plan", () => {
  test("nothing to do is empty", () => {
    const same = object("ConfigMap", "x", { data: { a: "1" } });
    const plan = makePlan(
      inputOf({ pairs: [{ live: same, after: same }], steps: [step("a/b", "1")], done: { "a/b": "1" } }),
    );
    assert.deepEqual([plan.empty, plan.steps, plan.count.unchanged], [true, [], 1]);
  });

  test("steps run that were never done so, and those whose objects differ, each after those of the plan that it needs", () => {
    const [was, is] = ["1", "2"].map((image) => controller("StatefulSet", { template: { spec: { image } } }));
    const fails = { level: "Fails", on: "every API" } as const;
    const write = {
      ...step("c/ready", "3", { type: "apply", needs: ["a/call"], impact: fails }),
      objects: [is as Manifest],
    };
    const job = {
      ...step("d/db", "4", { type: "apply", needs: ["b/done", "c/ready"] }),
      objects: [object("Job", "db-aaaaaaaaaa")],
    };
    const plan = makePlan(
      inputOf({
        pairs: [{ live: was as Manifest, after: is as Manifest }, { after: object("Job", "db-aaaaaaaaaa") }],
        steps: [step("a/call", "1"), step("b/done", "2"), write, job],
        done: { "a/call": "0", "b/done": "2", "c/ready": "3" },
      }),
    );
    assert.deepEqual(
      plan.steps.map(({ id, after: needs, database, impact }) => [id, needs, database, impact?.level]),
      [
        ["a/call", [], false, undefined],
        ["c/ready", ["a/call"], false, "Fails"],
        ["d/db", ["c/ready"], true, undefined],
      ],
    );
  });

  test("a claim that goes is data at risk", () => {
    const plan = makePlan(inputOf({ pairs: [{ live: object("PersistentVolumeClaim", "images") }] }));
    assert.deepEqual(plan.dataAtRisk, ["PersistentVolumeClaim/laptop/images"]);
  });

  test("holds no secret's value, in whatever form it came", () => {
    const value = fc.stringMatching(/^[A-Za-z0-9]{12,40}$/);
    const secret = (text: string, title: string) =>
      object("Secret", title, {
        data: { "20-secret.conf": Buffer.from(`[db]\nconnection = ${text}\n`).toString("base64") },
        stringData: { plain: text },
      });
    fc.assert(
      fc.property(value, value, fc.boolean(), (before, after, renamed) => {
        const was = secret(before, renamed ? "x-aaaaaaaaaa" : "x");
        const copied = { "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify(was) };
        const kept = { ...was, metadata: { ...was.metadata, annotations: copied } };
        const is = secret(after, renamed ? "x-bbbbbbbbbb" : "x");
        const pairs = renamed ? [{ live: kept }, { after: is }] : [{ live: kept, after: is }];
        const plan = makePlan(inputOf({ pairs }));
        const text = JSON.stringify(plan);
        for (const one of [before, after]) {
          assert.ok(!text.includes(one));
          assert.ok(!text.includes(Buffer.from(one).toString("base64").replaceAll("=", "")));
        }
        assert.equal(plan.objects.length === 0, before === after && !renamed);
        assert.equal(plan.configuration.length, before === after ? 0 : 1);
      }),
    );
  });

  test("equal secrets have equal hashes by one key, others by another, and what is made later has none", () => {
    assert.equal(keyed("a"), keyedBy("key of the test")("a"));
    assert.notEqual(keyed("a"), keyed("b"));
    assert.notEqual(keyed("a"), keyedBy("another")("a"));
    assert.equal(keyed(`mysql://u:${MADE_LATER}a:x@h`), "(made when it is carried out)");
  });
});
