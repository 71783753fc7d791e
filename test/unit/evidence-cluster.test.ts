// What the evidence reads from the cluster: the gateway's log in the form that HAProxy and Kubernetes give it, and pods.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { planStatus } from "../../src/api/plan-status.ts";
import { gatherEvidence } from "../../src/evidence/gather.ts";
import { gatewayRetries } from "../../src/evidence/gateway-log.ts";
import { podsRestarted } from "../../src/evidence/pods.ts";
import type { Window } from "../../src/evidence/window.ts";
import { witnessView } from "../../src/evidence/witness-view.ts";
import type { KubeClient, ListQuery } from "../../src/kube/client.ts";
import type { KubeObject } from "../../src/kube/types.ts";
import { reportOf, type Seen } from "../../src/witness/report.ts";

const T0 = Date.UTC(2026, 0, 1, 12);
const at = (seconds: number): string => new Date(T0 + seconds * 1000).toISOString();
const WINDOW: Window = { from: T0, to: T0 + 60_000 };
const SIGNAL = new AbortController().signal;

/** A cluster that holds these objects, and these logs by `pod` or `pod previous`, read as the API server lets them be read. */
function cluster(objects: readonly KubeObject[], logs: Readonly<Record<string, string>> = {}) {
  return {
    list: async ({ kind, namespace, labelSelector }: ListQuery) => {
      const [label = "", value] = (labelSelector ?? "").split("=");
      const items = objects.filter(
        (one) =>
          one.kind === kind &&
          one.metadata.namespace === namespace &&
          (label === "" || one.metadata.labels?.[label] === value),
      );
      return Promise.resolve({ resourceVersion: "1", items });
    },
    text: async ({ path }: { path: string }) => {
      const url = new URL(path, "http://k");
      const query = url.searchParams;
      assert.equal(query.get("container"), "haproxy");
      assert.equal(query.get("timestamps"), "true");
      const name = `${url.pathname.split("/").at(-2)}${query.get("previous") === "true" ? " previous" : ""}`;
      const since = Date.parse(query.get("sinceTime") ?? at(-1e6));
      const lines = (logs[name] ?? "").split("\n").filter((line) => Date.parse(line.split(" ")[0] ?? "") >= since);
      return Promise.resolve(lines.join("\n").slice(0, Number(query.get("limitBytes"))));
    },
  } as unknown as Pick<KubeClient, "list" | "text">;
}

interface Shape {
  readonly created?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly owner?: readonly [kind: string, name: string];
  readonly restarts?: number;
  /** Seconds at which the container's run and the one before began and ended. */
  readonly running?: number;
  readonly last?: readonly [from: number, to: number];
  readonly container?: string;
}

function pod(name: string, shape: Shape = {}): KubeObject {
  const { created = -1000, restarts = 0, running = created, last, container = "main" } = shape;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: "west",
      creationTimestamp: at(created),
      labels: shape.labels ?? {},
      ...(shape.owner === undefined ? {} : { ownerReferences: [{ kind: shape.owner[0], name: shape.owner[1] }] }),
    },
    status: {
      containerStatuses: [
        {
          name: container,
          restartCount: restarts,
          state: { running: { startedAt: at(running) } },
          lastState:
            last === undefined ? {} : { terminated: { startedAt: at(last[0]), finishedAt: at(last[1]), exitCode: 1 } },
        },
      ],
    },
  };
}

function controller(kind: string, name: string, created = -1000, part = {}): KubeObject {
  const metadata = { name, namespace: "west", creationTimestamp: at(created), ...part };
  return { apiVersion: "apps/v1", kind, metadata, spec: { replicas: 1 } };
}

const restarted = async (...objects: readonly KubeObject[]): Promise<readonly string[]> =>
  (await podsRestarted(cluster(objects), { namespaces: ["west"], window: WINDOW }, SIGNAL)).value;

test("a pod that came for another counts, one of a controller that is new itself does not, nor a Job's", async () => {
  const deployment = controller("Deployment", "glance");
  assert.deepEqual(
    await restarted(
      deployment,
      controller("Deployment", "placement", 5),
      controller("DaemonSet", "ovs"),
      pod("glance-5d-old", { owner: ["ReplicaSet", "glance-5d"] }),
      pod("glance-6f-new", { created: 10, owner: ["ReplicaSet", "glance-6f"] }),
      pod("glance-later", { created: 90, owner: ["ReplicaSet", "glance-6f"] }),
      pod("placement-5d-new", { created: 10, owner: ["ReplicaSet", "placement-5d"] }),
      pod("glance-db-x", { created: 10, owner: ["Job", "glance-db"] }),
      pod("ovs-abc", { created: 0.4, owner: ["DaemonSet", "ovs"] }),
    ),
    ["glance-6f-new", "ovs-abc"],
  );
});

test("a container that started again within the window counts, before and after it does not", async () => {
  assert.deepEqual(
    await restarted(
      pod("a-before", { restarts: 1, running: -50, last: [-100, -51] }),
      pod("b-within", { restarts: 1, running: 20, last: [-100, 19] }),
      pod("c-ended", { restarts: 1, running: 61, last: [-100, 59] }),
      pod("d-twice", { restarts: 2, running: 80, last: [30, 79] }),
      pod("e-after", { restarts: 1, running: 80, last: [-100, 79] }),
      pod("f-never", { running: 20 }),
    ),
    ["b-within", "c-ended", "d-twice"],
  );
});

test("many pods are told up to a number, and the rest counted", async () => {
  const many = Array.from({ length: 300 }, (_, n) => pod(`p-${n}`, { restarts: 1, running: 5 }));
  const told = await podsRestarted(cluster(many), { namespaces: ["west"], window: WINDOW }, SIGNAL);
  assert.equal(told.value.length, 256);
  assert.deepEqual(told.notes, ["44 more pods were replaced or started again"]);
});

const LABELS = { "app.kubernetes.io/component": "gateway" };
const GATEWAY = controller("Deployment", "gateway", -1000, { labels: LABELS });
const proxy = (name: string, shape: Shape = {}): KubeObject =>
  pod(name, { ...shape, labels: LABELS, container: "haproxy", owner: ["ReplicaSet", "gateway-1"] });

/** A line of the gateway's log, as HAProxy's log-format and Kubernetes make it. */
function line(seconds: number, retries: string, path = "/image/v2/images"): string {
  const text = JSON.stringify({ client: "10.0.0.1", method: "GET", path, status: "200", backend: "image", retries });
  return `${at(seconds)} ${text}`;
}

const told = async (objects: readonly KubeObject[], logs: Readonly<Record<string, string>>) =>
  gatewayRetries(cluster(objects, logs), { namespace: "west", window: WINDOW }, SIGNAL);

test("the gateway's retries of the window are counted over its pods", async () => {
  const noise = `${at(6)} [WARNING]  (1) : Server image/s1 is DOWN, reason: "retries":"none"`;
  // A path may hold anything; quotes in it are escaped.
  const odd = line(7, "0", '/image/x","retries":"50"');
  const a = [line(-5, "7"), line(1, "0"), line(5, "2"), noise, odd, line(59, "+1"), line(61, "9")].join("\n");
  const b = [line(-900, "0"), line(30, "3")].join("\n");
  assert.deepEqual(await told([GATEWAY, proxy("a"), proxy("b")], { a, b }), { value: 6, notes: [] });
});

test("none is 0 only when the whole log is there", async () => {
  const whole = [line(-5, "0"), line(20, "0")].join("\n");
  assert.deepEqual(await told([GATEWAY, proxy("a")], { a: whole }), { value: 0, notes: [] });
  const cases: readonly (readonly [RegExp, readonly KubeObject[], Readonly<Record<string, string>>])[] = [
    [/the gateway has no pod/, [GATEWAY], {}],
    [/its log begins at 12:00:20/, [GATEWAY, proxy("a")], { a: line(20, "0") }],
    [/the log of a replaced pod is gone/, [GATEWAY, proxy("a", { created: 10 })], { a: line(20, "0") }],
    [
      /its container started again more than once/,
      [GATEWAY, proxy("a", { restarts: 2, running: 40, last: [20, 39] })],
      { a: line(41, "0"), "a previous": line(21, "0") },
    ],
    [
      /its log is too long/,
      [GATEWAY, proxy("a")],
      { a: [line(-5, "0"), ...Array.from({ length: 40_000 }, () => line(20, "0"))].join("\n") },
    ],
  ];
  for (const [reason, objects, logs] of cases) {
    const { value, notes } = await told(objects, logs);
    assert.equal(value, undefined, String(reason));
    assert.match(notes.join("\n"), /^How often the gateway sent a request again is not known: /);
    assert.match(notes.join("\n"), reason);
  }
});

test("what is known of an incomplete log is told as the least", async () => {
  const { value, notes } = await told([GATEWAY, proxy("a", { created: 10 })], { a: line(20, "4") });
  assert.equal(value, undefined);
  assert.match(notes[0] ?? "", /is not known, at least 4 times: the log of a replaced pod is gone/);
});

test("a replaced pod that still finishes its requests has its log, and so has a container's run before", async () => {
  const rolled = [GATEWAY, proxy("old"), proxy("new", { created: 10 })];
  const logs = { old: [line(-5, "0"), line(5, "1")].join("\n"), new: line(20, "2") };
  assert.deepEqual(await told(rolled, logs), { value: 3, notes: [] });
  const again = [GATEWAY, proxy("a", { restarts: 1, running: 30, last: [-500, 29] })];
  const both = { a: line(31, "1"), "a previous": [line(-400, "9"), line(10, "2")].join("\n") };
  assert.deepEqual(await told(again, both), { value: 3, notes: [] });
});

test("a gateway that was made within the window has no log before", async () => {
  const fresh = controller("Deployment", "gateway", 5, { labels: LABELS });
  assert.deepEqual(await told([fresh, proxy("a", { created: 6 })], { a: line(20, "2") }), { value: 2, notes: [] });
});

test("a log that cannot be read is told", async () => {
  const kube = { ...cluster([GATEWAY, proxy("a")]), text: () => Promise.reject(new Error("pods/log is forbidden")) };
  const { value, notes } = await gatewayRetries(kube, { namespace: "west", window: WINDOW }, SIGNAL);
  assert.equal(value, undefined);
  assert.match(notes[0] ?? "", /its log could not be read: pods\/log is forbidden/);
});

/** A witness that has seen everything but this. */
function seen(part: Partial<Seen> = {}): Seen {
  const operations = ["identity", "image"].flatMap((api) =>
    Array.from({ length: 140 }, (_, n) => ({
      api,
      name: "read",
      startedAt: T0 - 40_000 + n * 1000,
      tookMs: 50,
      outcome: "ok" as const,
    })),
  );
  const none = { blind: [], failures: [], open: [] };
  return { apis: ["identity", "image"], operations, firstSeen: T0 - 900_000, readEverySeconds: 1, ...none, ...part };
}

/** The witness' server, whose clock is that much ahead. */
function server(what: Seen, aheadMs = 0): (path: string) => Promise<string> {
  return async (path) => {
    const query = new URL(path, "http://witness").searchParams;
    const moment = (name: string): number => Date.parse(query.get(name) ?? "");
    const now = Date.now() + aheadMs;
    const report = reportOf(what, { since: moment("since"), until: Math.min(moment("until"), now), now });
    return Promise.resolve(JSON.stringify(report));
  };
}

const view = (ask: (path: string) => Promise<string>, window: Window, apis = ["identity", "image"]) =>
  witnessView(ask, { window, apis }, AbortSignal.timeout(60_000));

test("an API that the witness did not watch was not seen", async () => {
  const { value, notes } = await view(server(seen()), WINDOW, ["identity", "image", "network"]);
  assert.equal(value.witness, "PartlyBlind");
  const blind = value.apis.map(({ name, blindSeconds }) => `${name} ${blindSeconds}`);
  assert.deepEqual(blind, ["identity 0", "image 0", "network 60"]);
  assert.deepEqual(notes, ["network: the witness did not watch it"]);
});

test("another clock is asked by its own time", async () => {
  for (const ahead of [90_000, -90_000]) {
    const operations = [...seen().operations].map((one) => ({ ...one, startedAt: one.startedAt + ahead }));
    const { value, notes } = await view(server(seen({ operations }), ahead), WINDOW);
    assert.equal(value.witness, "Saw");
    assert.deepEqual(
      value.apis.map(({ sent }) => sent),
      [60, 60],
    );
    assert.match(notes.join(), ahead > 0 ? /clock was 90\.0 s ahead/ : /clock was 90\.0 s behind/);
  }
});

test("what lies ahead of the witness' clock is blind", async () => {
  const now = Date.now();
  const { value } = await view(server(seen()), { from: now - 10_000, to: now + 20_000 });
  const gone = (Date.now() - now) / 1000;
  assert.equal(value.witness, "PartlyBlind");
  const blind = value.apis[0]?.blindSeconds ?? 0;
  assert.ok(blind > 19 - gone && blind < 21, `${blind} s`);
});

test("an answer that is no report is no evidence", async () => {
  for (const text of ["", "since and until: ISO 8601", "{}", '{"apis":[]}']) {
    const { value, notes } = await witnessView(
      () => Promise.resolve(text),
      { window: WINDOW, apis: ["image"] },
      AbortSignal.timeout(100),
    );
    assert.equal(value.witness, "Blind");
    assert.equal(value.apis[0]?.blindSeconds, 60);
    assert.match(notes[0] ?? "", /the witness did not answer/);
  }
});

test("a witness that is there again after a moment is asked again", async () => {
  let asked = 0;
  const ask = (path: string): Promise<string> =>
    (asked += 1) < 3 ? Promise.reject(new Error("ECONNREFUSED")) : server(seen())(path);
  assert.equal((await view(ask, WINDOW)).value.witness, "Saw");
});

test("whatever the witness was blind to, no second of it counts as seen, and the evidence fits into a Plan", async () => {
  const { evidence: schema } = planStatus.shape;
  const times = fc.array(fc.tuple(fc.integer({ min: -20_000, max: 70_000 }), fc.integer({ min: 1, max: 30_000 })), {
    maxLength: 40,
  });
  const messages = fc.array(fc.string({ unit: "binary", maxLength: 5_000 }), { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(times, messages, async (list, failed) => {
      const blind = list.map(([from, length]) => ({ from: T0 + from, to: T0 + from + length, reason: "r" }));
      const failures = failed.map((message) => ({ api: "image", at: at(3), operation: "read", message }));
      const evidence = await gatherEvidence(
        {
          witness: server(seen({ blind, failures })),
          kube: cluster([]),
          namespaces: ["west", "west-nodes"],
          apis: ["identity", "image"],
        },
        { from: new Date(WINDOW.from), to: new Date(WINDOW.to) },
      );
      schema.parse(evidence);
      assert.ok(Buffer.byteLength(JSON.stringify(evidence)) < 32 * 1024);
      const dark = Array.from({ length: 60_000 }, (_, ms) =>
        blind.some(({ from, to }) => T0 + ms >= from && T0 + ms < to),
      ).filter(Boolean).length;
      for (const api of evidence.apis) assert.ok(Math.abs(api.blindSeconds - dark / 1000) < 0.011 * (list.length + 1));
      // Told in hundredths of a second: what is less may be rounded to either side.
      if (dark === 0) assert.equal(evidence.witness, "Saw");
      if (dark >= 10) assert.notEqual(evidence.witness, "Saw");
      if (dark === 60_000) assert.equal(evidence.witness, "Blind");
    }),
    { numRuns: 40 },
  );
});
