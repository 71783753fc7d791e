import assert from "node:assert/strict";
import { test } from "node:test";
import { failureLine, tellingLine, withoutSecrets } from "../../src/operator/plans/failure-log.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import type { KubeObject } from "../../src/kube/types.ts";

const JOB = { apiVersion: "batch/v1", kind: "Job", metadata: { name: "nova-db", namespace: "laptop" } };

function pod(name: string, status: object, creationTimestamp: string): KubeObject {
  return { apiVersion: "v1", kind: "Pod", metadata: { name, namespace: "laptop", creationTimestamp }, status };
}

function cluster(pods: readonly KubeObject[], log: string) {
  const asked: unknown[] = [];
  const client = {
    list: (query: unknown) => {
      asked.push(query);
      return Promise.resolve({ items: pods });
    },
    logs: (...args: unknown[]) => {
      asked.push(args);
      return Promise.resolve(log);
    },
  } as unknown as Pick<KubeClient, "list" | "logs">;
  return { client, asked };
}

const dead = { containerStatuses: [{ name: "db", ready: false, state: { terminated: {} } }] };

test("the line that tells most is the last that sounds like an error", () => {
  assert.equal(
    tellingLine(["start", "ERROR no such table", "  at x", "ERROR gone away  ", "bye", ""]),
    "ERROR gone away",
  );
  assert.equal(tellingLine(["one", "two", ""]), "two");
  assert.equal(tellingLine(["", " "]), undefined);
});

test("what is secret is not told, the longer before the shorter that is in it", () => {
  assert.equal(
    withoutSecrets("mysql://nova:abcdef123@db abcdef", ["abcdef", "abcdef123", "db"]),
    "mysql://nova:(secret)@db (secret)",
  );
});

test("the newest pod that is not ready is asked, and its container that does not run", async () => {
  const ready = { conditions: [{ type: "Ready", status: "True" }] };
  const pods = [
    pod("a", dead, "2026-01-01T00:00:01Z"),
    pod("b", dead, "2026-01-01T00:00:02Z"),
    pod("c", ready, "2026-01-01T00:00:03Z"),
  ];
  const { client, asked } = cluster(pods, "x\nAccess denied for 'nova' with hunter22\n");
  const line = await failureLine(client, [JOB], ["hunter22"]);
  assert.equal(line, "Job/laptop/nova-db: Access denied for 'nova' with (secret)");
  assert.deepEqual(asked, [
    { apiVersion: "v1", kind: "Pod", namespace: "laptop", labelSelector: "batch.kubernetes.io/job-name=nova-db" },
    [
      { namespace: "laptop", name: "b" },
      { container: "db", tailLines: 40, previous: false },
    ],
  ]);
});

test("a container that waits tells why, or what it said before it died", async () => {
  const waiting = (rest: object): KubeObject =>
    pod(
      "a",
      { containerStatuses: [{ name: "db", ready: false, state: { waiting: { message: "no such image" } }, ...rest }] },
      "x",
    );
  assert.equal(await failureLine(cluster([waiting({})], "").client, [JOB], []), "Job/laptop/nova-db: no such image");
  const again = cluster([waiting({ lastState: { terminated: {} } })], "Traceback\nValueError: x");
  assert.equal(await failureLine(again.client, [JOB], []), "Job/laptop/nova-db: ValueError: x");
  assert.equal(await failureLine(cluster([], "").client, [JOB], []), undefined);
});
