import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { attempts } from "../harness/attempts.ts";
import { bringsUp } from "./diagnosis.ts";
import { skip, underpin } from "./machine.ts";

const here = skip === false && process.env["UNDERPIN_STATE"] === undefined ? "there is no cloud of the tests" : skip;
const kubectl = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await underpin(["kubectl", ...args]);
  assert.equal(code, 0, `kubectl ${args.join(" ")}: ${stderr}`);
  return stdout;
};

/** Names of the switch's interfaces; its own have no iface-id. */
const FIND = ["ovs-vsctl", "--bare", "--columns=name", "find", "Interface"];
const GUESTS = 'external_ids:iface-id!=""';

describe("what survives what", { skip: here }, () => {
  let address = "";
  before(async () => {
    const { stdout } = await underpin(["openstack", "server", "show", "hello", "-f", "json"]);
    address = /10\.91\.\d+\.\d+/.exec(stdout)?.[0] ?? "";
    assert.notEqual(address, "", "the guest has a floating IP");
  });

  for (const [what, namespace, component] of [
    ["libvirt", "laptop-nodes", "libvirt-std"],
    ["nova-compute", "laptop-nodes", "nova-compute-std"],
    ["ovn-controller", "laptop-nodes", "ovn-controller"],
    ["gateway", "laptop", "gateway"],
    ["operator", "underpin-system", "operator"],
  ] as const) {
    test(`the guest loses no ping when the ${what} pod is deleted`, { timeout: 120_000 }, async () => {
      const pings = startPings(address, 120);
      await delay(2000);
      const label = namespace === "underpin-system" ? "name=underpin-operator" : `component=${component}`;
      await kubectl("-n", namespace, "delete", "pod", "-l", `app.kubernetes.io/${label}`, "--wait=false");
      const { sent, received } = await pings;
      assert.equal(received, sent, `${sent - received} of ${sent} pings were lost`);
    });
  }

  // One repetition, no more: the limit is in seconds of the clock, and a machine that stands still for some misses it.
  test("the guest is reached again within five seconds when the OVS pod is deleted", { timeout: 180_000 }, () =>
    attempts(async () => {
      const pings = startPings(address, 200);
      await delay(2000);
      await kubectl("-n", "laptop-nodes", "delete", "pod", "-l", "app.kubernetes.io/component=ovs", "--wait=false");
      const { sent, received } = await pings;
      // Ten a second.
      assert.ok(sent - received <= 50, `${sent - received} of ${sent} pings were lost`);
    }, 2),
  );

  test("the guest is reached again when its interface is down", { timeout: 120_000 }, async (context) => {
    const onSwitch = (...command: string[]): Promise<string> =>
      kubectl("-n", "laptop-nodes", "exec", "ds/ovs", "-c", "vswitchd", "--", ...command);
    const datapath = await onSwitch("ovs-vsctl", "get", "open_vswitch", ".", "external_ids:underpin-datapath");
    if (datapath.trim() !== "netdev") {
      context.skip("the kernel's datapath puts no interface down");
      return;
    }
    // As the switch leaves it when libvirt brings the interface up at the same moment.
    const found = await onSwitch(...FIND, "external_ids:iface-status=active");
    const interfaces = found.split(/\s+/).filter((name) => name !== "");
    assert.notEqual(interfaces.length, 0, "the guest has an interface");
    for (const name of interfaces) await onSwitch("ip", "link", "set", "dev", name, "down");
    await until(
      "the interface to be up",
      async () => (await onSwitch(...FIND, "admin_state=down", GUESTS)).trim() === "",
    );
    const { received } = await startPings(address, 20);
    assert.ok(received > 0, "the guest answers");
  });

  test("a deleted or edited object is put back", { timeout: 120_000 }, async () => {
    const spec = async (name: string): Promise<string> =>
      kubectl("-n", "laptop", "get", name, "-o", "jsonpath={.spec}");
    const service = await spec("service/gateway");
    await kubectl("-n", "laptop", "delete", "service/glance");
    await until(
      "the Service glance to be back",
      async () => (await underpin(["kubectl", "-n", "laptop", "get", "service/glance"])).code === 0,
    );
    await kubectl("-n", "laptop", "scale", "deployment/placement", "--replicas=3");
    await until(
      "placement to have its one replica again",
      async () =>
        (await kubectl("-n", "laptop", "get", "deployment/placement", "-o", "jsonpath={.spec.replicas}")) === "1",
    );
    assert.equal(await spec("service/gateway"), service);
  });

  test("a deleted credential comes back with the same value", { timeout: 60_000 }, async () => {
    const value = (): Promise<string> =>
      kubectl("-n", "laptop", "get", "secret/keystone-admin", "-o", "jsonpath={.data.password}");
    const earlier = await value();
    await kubectl("-n", "laptop", "delete", "secret/keystone-admin");
    await until(
      "the Secret to be back",
      async () => (await underpin(["kubectl", "-n", "laptop", "get", "secret/keystone-admin"])).code === 0,
    );
    assert.equal(await value(), earlier);
  });

  test("no secret's value is in ConfigMaps, pods, Events, the Cloud or logs", { timeout: 180_000 }, async () => {
    const secrets = JSON.parse(await kubectl("-n", "laptop", "get", "secrets", "-o", "json")) as {
      items: { metadata: { name: string }; data?: Record<string, string> }[];
    };
    const vault = secrets.items.find(({ metadata }) => metadata.name === "underpin-vault");
    const values = Object.entries(vault?.data ?? {}).map(
      ([name, value]) => [name, Buffer.from(value, "base64").toString("utf8").trim()] as const,
    );
    assert.ok(values.length > 10);
    const texts: [string, string][] = [];
    for (const kind of [
      "configmaps",
      "pods",
      "events",
      "deployments",
      "statefulsets",
      "daemonsets",
      "jobs",
      "clouds",
    ]) {
      texts.push([kind, await kubectl("get", kind, "-A", "-o", "json")]);
    }
    for (const pod of (
      await kubectl(
        "get",
        "pods",
        "-A",
        "-o",
        'jsonpath={range .items[*]}{.metadata.namespace} {.metadata.name}{"\\n"}{end}',
      )
    )
      .trim()
      .split("\n")) {
      const [namespace = "", name = ""] = pod.split(" ");
      texts.push([
        `log of ${name}`,
        (await underpin(["kubectl", "-n", namespace, "logs", name, "--all-containers", "--tail=2000"])).stdout,
      ]);
    }
    for (const [where, text] of texts) {
      for (const [name, value] of values) assert.ok(!text.includes(value), `${name} is in ${where}`);
    }
  });

  after(async () => {
    await until("the Cloud to be Ready", async () => /Ready/.test((await underpin(["status"])).stdout));
  });
});

describe("stop and up", { skip: here }, () => {
  test("bring the same cloud back, with its data and its guest", { timeout: 600_000 }, async () => {
    const id = async (): Promise<string> => {
      const { stdout } = await underpin(["openstack", "server", "show", "hello", "-f", "value", "-c", "id"]);
      return stdout.trim();
    };
    const before = await id();
    assert.equal((await underpin(["stop"])).code, 0);
    const { stdout } = await bringsUp(["--yes"], 300_000);
    assert.match(stdout, /guest/);
    assert.equal(await id(), before);
  });
});

async function until(what: string, done: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 60_000;
  while (!(await done())) {
    assert.ok(performance.now() < end, `waited 60 s for ${what}`);
    await delay(200);
  }
}

/** For the answers to the last ones `ping` waits two round trips, and a busy machine may take longer. */
const UNCOUNTED = 10;

/** Ten pings a second, for `count` pings. */
function startPings(address: string, count: number): Promise<{ sent: number; received: number }> {
  return new Promise((resolve, reject) => {
    const all = String(count + UNCOUNTED);
    const child = spawn("ping", ["-n", "-i", "0.1", "-c", all, "-W", "2", address], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString("utf8")));
    child.on("error", reject);
    child.on("close", () => {
      const [, sent = "0"] = /(\d+) packets transmitted/.exec(text) ?? [];
      const answered = new Set([...text.matchAll(/bytes from .* icmp_seq=(\d+)/g)].map(([, number]) => Number(number)));
      const counted = [...answered].filter((number) => number <= count);
      resolve({ sent: Math.min(Number(sent), count), received: counted.length });
    });
  });
}
