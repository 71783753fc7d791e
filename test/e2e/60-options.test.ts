// Changed options reach running processes, and roll only those that read them; the cloud's own witness sees no failure.
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { WitnessReport } from "../../src/witness/report.ts";
import { attempts } from "../harness/attempts.ts";
import { skip, underpin } from "./machine.ts";
import { cloudReady } from "./ready.ts";

const here = skip === false && process.env["UNDERPIN_STATE"] === undefined ? "there is no cloud of the tests" : skip;
const UNDERPIN = fileURLToPath(new URL("../../underpin", import.meta.url));
const MANAGER = "e2e-options";
/** Seconds from the end of `kubectl apply` until the last process of a service has taken a change. */
const LIMIT_SECONDS = 5;

/** Components of the processes of each service, and how many processes each pod of theirs has. */
const SERVICES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  keystone: { keystone: 1 },
  glance: { glance: 1 },
  placement: { placement: 1 },
  neutron: { neutron: 1, "neutron-periodic": 1, "neutron-maintenance": 2, "ovn-metadata": 1 },
  nova: {
    "nova-api": 1,
    "nova-metadata": 1,
    "nova-conductor": 1,
    "nova-scheduler": 1,
    "nova-novncproxy": 1,
    "nova-compute-std": 1,
  },
};

/** A process answers within half a second to a touch of the file; on a machine that stands still, when it goes on. */
const DUMP = `rm -f /tmp/underpin-options.*.json; : >/tmp/underpin-options
for try in $(seq 60); do sleep 0.4; ls /tmp/underpin-options.*.json >/dev/null 2>&1 && break; done
for more in 1 2 3 4; do sleep 0.2; done
cat /tmp/underpin-options.*.json`;
/** An API with eventlet takes a change before its next request, and nobody asks this one unless a guest does: five times a second. */
const ASK = `import time, urllib.request, urllib.error
for _ in range(6000):
    try:
        urllib.request.urlopen("http://127.0.0.1:8775/", timeout=5).read()
    except OSError:
        pass  # an error is an answer, and a late one is asked for again
    time.sleep(0.2)`;

async function kubectl(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await underpin(["kubectl", ...args]);
  assert.equal(code, 0, `kubectl ${args.join(" ")}: ${stderr}`);
  return stdout;
}

interface Pod {
  readonly namespace: string;
  readonly name: string;
  readonly component: string;
  /** Changes with the pod, with a restart in it, and with nothing else. */
  readonly identity: string;
}

interface PodItem {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly status: {
    readonly containerStatuses?: readonly { readonly containerID?: string; readonly ready: boolean }[];
  };
}

/** Pods of the services' processes that are not on their way out. */
async function pods(): Promise<readonly Pod[]> {
  const known = new Set(Object.values(SERVICES).flatMap((components) => Object.keys(components)));
  const lists = await Promise.all(
    ["laptop", "laptop-nodes"].map((namespace) => kubectl("-n", namespace, "get", "pods", "-o", "json")),
  );
  return lists
    .flatMap((text) => (JSON.parse(text) as { items: readonly PodItem[] }).items)
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata, status }) => ({
      namespace: metadata.namespace,
      name: metadata.name,
      component: metadata.labels["app.kubernetes.io/component"] ?? "",
      identity: [metadata.uid, ...(status.containerStatuses ?? []).map(({ containerID }) => containerID)].join(" "),
    }))
    .filter(({ component }) => known.has(component));
}

/** Applies the options of the services as a user would; what was applied before and is left out goes. Seconds at its end. */
async function apply(services: Readonly<Record<string, unknown>>, compute?: unknown): Promise<number> {
  const spec = { services, ...(compute === undefined ? {} : { compute }) };
  const cloud = {
    apiVersion: "underpin.dev/v1alpha1",
    kind: "Cloud",
    metadata: { name: "laptop", namespace: "laptop" },
    spec,
  };
  const child = spawn(UNDERPIN, ["kubectl", "apply", "--server-side", `--field-manager=${MANAGER}`, "-f", "-"], {
    stdio: ["pipe", "ignore", "pipe"],
  });
  const errors: Buffer[] = [];
  child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
  child.stdin.end(JSON.stringify(cloud));
  const code = await new Promise((resolve) => child.on("close", resolve));
  assert.equal(code, 0, Buffer.concat(errors).toString());
  return performance.now() / 1000;
}

/** As the Cloud was made, which says nothing of services. By server-side apply the last option that goes would leave a null. */
async function withoutOptions(): Promise<void> {
  await kubectl("-n", "laptop", "patch", "cloud/laptop", "--type=merge", "-p", '{"spec":{"services":null}}');
}

interface Dump {
  readonly pid: number;
  readonly mutable: Readonly<Record<string, unknown>>;
  readonly logLevel: string;
}

/** What the processes of a pod say of themselves. */
async function dumps({ namespace, name }: Pod): Promise<readonly Dump[]> {
  const text = await kubectl("-n", namespace, "exec", name, "--", "sh", "-c", DUMP);
  return text
    .split(/(?<=\})(?=\{)/)
    .map((one) => JSON.parse(one) as Dump)
    .toSorted((a, b) => a.pid - b.pid);
}

/** Lines that processes write when they take a change, from now on. */
class Told {
  readonly #children: ChildProcess[] = [];
  readonly #lines = new Map<string, { text: string; at: number }[]>();

  follow(pod: Pod): void {
    // Not from when it is followed, which may be late: from when it was asked for.
    const since = `--since-time=${new Date().toISOString()}`;
    const child = spawn(UNDERPIN, ["kubectl", "-n", pod.namespace, "logs", "-f", since, pod.name], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const lines: { text: string; at: number }[] = [];
    this.#lines.set(pod.name, lines);
    let rest = "";
    child.stdout.on("data", (chunk: Buffer) => {
      const parts = (rest + chunk.toString()).split("\n");
      rest = parts.pop() ?? "";
      for (const text of parts) if (text.startsWith("underpin: ")) lines.push({ text, at: performance.now() / 1000 });
    });
    this.#children.push(child);
  }

  /** Runs a program in the pod meanwhile. */
  run(pod: Pod, command: readonly string[]): void {
    const exec = ["kubectl", "-n", pod.namespace, "exec", pod.name, "--", ...command];
    this.#children.push(spawn(UNDERPIN, exec, { stdio: "ignore" }));
  }

  /** When the pod's processes said it, once it is said `count` times since a moment; undefined after `seconds`. */
  async last(
    pod: Pod,
    text: string,
    { count, seconds, since = 0 }: { count: number; seconds: number; since?: number },
  ): Promise<number | undefined> {
    const end = performance.now() + seconds * 1000;
    for (;;) {
      const found = (this.#lines.get(pod.name) ?? []).filter((line) => line.at >= since && line.text.includes(text));
      if (found.length >= count) return found[count - 1]?.at;
      if (performance.now() > end) return undefined;
      await delay(20);
    }
  }

  close(): void {
    for (const child of this.#children) child.kill();
  }
}

/** What the witness saw fail since then. */
async function failures(since: Date): Promise<readonly string[]> {
  const { stdout } = await underpin(["witness", "-o", "json"]);
  const { apis } = JSON.parse(stdout) as WitnessReport;
  assert.ok(apis.length >= 5 && apis.every(({ sent }) => sent > 0), "the witness uses every API");
  return apis.flatMap(({ api, failures: seen }) =>
    seen
      .filter(({ at }) => new Date(at) >= since)
      .map(({ at, operation, message }) => `${at} ${api} ${operation}: ${message}`),
  );
}

describe("options", { skip: here }, () => {
  const told = new Told();
  let all: readonly Pod[] = [];
  const began = new Date();
  const of = (component: string): readonly Pod[] => all.filter((pod) => pod.component === component);

  before(async () => {
    await withoutOptions();
    await settled();
    all = await pods();
    for (const pod of all) told.follow(pod);
    for (const pod of of("nova-metadata")) told.run(pod, ["/opt/openstack/bin/python", "-I", "-S", "-c", ASK]);
    await delay(2000);
  });
  after(async () => {
    told.close();
    if (here !== false) return;
    await withoutOptions();
    // What comes next finds the processes that stay.
    await settled();
  });

  /** All controllers have the pods that they want, and the Cloud is ready. */
  async function settled(): Promise<void> {
    await cloudReady();
    for (const namespace of ["laptop", "laptop-nodes"]) {
      const names = await kubectl("-n", namespace, "get", "deployments,statefulsets,daemonsets", "-o", "name");
      for (const name of names.trim().split("\n"))
        await kubectl("-n", namespace, "rollout", "status", name, "--timeout=240s");
    }
  }

  for (const [service, components] of Object.entries(SERVICES)) {
    for (const debug of [true, false]) {
      test(
        `${service}: debug = ${debug} is in effect within ${LIMIT_SECONDS} s, in the same processes`,
        { timeout: 300_000 },
        async () => {
          const members = Object.keys(components).flatMap(of);
          assert.ok(members.length >= Object.keys(components).length, "every component has a pod");
          const before = debug ? await Promise.all(members.map(dumps)) : [];
          /** Applies it, and gives the seconds until each pod's processes have said so. */
          const change = async (value: boolean): Promise<readonly number[]> => {
            const since = performance.now() / 1000;
            const applied = await apply({ [service]: { options: { DEFAULT: { debug: value } } } });
            const line = `DEFAULT.debug is now ${value ? "True" : "False"}`;
            const ends = await Promise.all(
              members.map((pod) => told.last(pod, line, { count: components[pod.component] ?? 1, seconds: 30, since })),
            );
            return ends.map((end) => (end ?? Infinity) - applied);
          };
          // One repetition: a machine that stands still for a moment is late itself.
          await attempts(async (attempt) => {
            if (attempt > 1) await change(!debug);
            const seconds = await change(debug);
            const worst = Math.max(...seconds).toFixed(2);
            process.stdout.write(`# ${service}, debug = ${debug}: ${worst} s after kubectl apply\n`);
            const late = members.flatMap((pod, index) =>
              (seconds[index] ?? Infinity) < LIMIT_SECONDS ? [] : [`${pod.name}: ${seconds[index]?.toFixed(2)} s`],
            );
            assert.deepEqual(late, []);
          }, 2);
          assert.deepEqual(
            (await pods()).map(({ identity }) => identity).toSorted(),
            all.map(({ identity }) => identity).toSorted(),
          );
          if (!debug) return;
          for (const [index, pod] of members.entries()) {
            const now = await dumps(pod);
            assert.deepEqual(
              now.map(({ pid }) => pid),
              before[index]?.map(({ pid }) => pid),
              `${pod.name}: the same processes`,
            );
            for (const one of now)
              assert.deepEqual([one.mutable["DEFAULT.debug"], one.logLevel], [true, "DEBUG"], pod.name);
          }
        },
      );
    }
  }

  test(
    "nova's other mutable options, of the service and of a pool, are what its processes have",
    { timeout: 120_000 },
    async () => {
      const [compute] = of("nova-compute-std");
      assert.ok(compute);
      const options = {
        compute: { resource_provider_association_refresh: 120 },
        libvirt: { live_migration_completion_timeout: 600 },
      };
      await apply(
        { nova: { options } },
        { pools: [{ name: "std", options: { libvirt: { live_migration_timeout_action: "force_complete" } } }] },
      );
      assert.notEqual(await told.last(compute, "force_complete", { count: 1, seconds: 60 }), undefined);
      for (const { mutable } of await dumps(compute)) {
        assert.equal(mutable["compute.resource_provider_association_refresh"], 120);
        assert.equal(mutable["libvirt.live_migration_completion_timeout"], 600);
        assert.equal(mutable["libvirt.live_migration_timeout_action"], "force_complete");
      }
      assert.deepEqual(
        (await pods()).map(({ identity }) => identity).toSorted(),
        all.map(({ identity }) => identity).toSorted(),
      );
    },
  );

  test("an option that only the scheduler reads rolls the scheduler alone", { timeout: 300_000 }, async () => {
    await apply({ nova: { options: { filter_scheduler: { shuffle_best_same_weighed_hosts: true } } } });
    const changed = async (): Promise<readonly string[]> => {
      const known = new Set(all.map(({ identity }) => identity));
      return [
        ...new Set((await pods()).filter(({ identity }) => !known.has(identity)).map(({ component }) => component)),
      ];
    };
    const end = performance.now() + 120_000;
    while ((await changed()).length === 0 && performance.now() < end) await delay(500);
    await settled();
    assert.deepEqual(await changed(), ["nova-scheduler"]);
  });

  test("the witness saw no failure meanwhile", async () => {
    assert.deepEqual(await failures(began), []);
  });
});
