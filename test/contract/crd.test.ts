import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { type CloudInput, readCloud, SERVICE_NAMES } from "../../src/api/cloud.ts";
import { customResourceDefinitions } from "../../src/api/crd.ts";
import { judgeCloud } from "../../src/api/findings.ts";
import { API_VERSION, CLI_FIELD_MANAGER } from "../../src/api/names.ts";
import { exec } from "../../src/host/exec.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { KubeError } from "../../src/kube/errors.ts";
import { createClient } from "../../src/kube/http-client.ts";
import { fieldAt, type KubeObject } from "../../src/kube/types.ts";
import { arbitraryCloud, smallestCloud } from "../unit/arbitrary-cloud.ts";
import { type ApiServer, binaries, startApiServer } from "./api-server.ts";

const bin = binaries();

describe(
  "the resources on a real API server",
  { skip: bin === undefined ? "kube-apiserver and etcd are not there" : false },
  () => {
    let server: ApiServer;
    let kube: KubeClient;
    let folder: string;

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "crd-contract-"));
      server = await startApiServer(bin ?? "");
      kube = createClient(server.config);
      await writeFile(join(folder, "kubeconfig"), server.kubeconfig);
      await kube.apply(
        { apiVersion: "v1", kind: "Namespace", metadata: { name: "laptop" } },
        { fieldManager: CLI_FIELD_MANAGER },
      );
      for (const crd of customResourceDefinitions()) await kube.apply(crd, { fieldManager: CLI_FIELD_MANAGER });
      await established();
    });

    after(async () => {
      await kube?.close();
      await server?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    async function conditions(name: string): Promise<Record<string, string>> {
      const crd = await kube.get({ apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", name });
      const list = (fieldAt(crd, "status", "conditions") ?? []) as { type: string; status: string }[];
      return Object.fromEntries(list.map(({ type, status }) => [type, status]));
    }

    async function established(): Promise<void> {
      for (const crd of customResourceDefinitions()) {
        const deadline = Date.now() + 60_000;
        while ((await conditions(crd.metadata.name))["Established"] !== "True") {
          assert.ok(Date.now() < deadline, `${crd.metadata.name} is not established`);
          await new Promise((done) => setTimeout(done, 50));
        }
      }
    }

    /** undefined when the server would accept the Cloud, else why not. */
    async function refused(cloud: unknown): Promise<string | undefined> {
      try {
        await kube.apply(cloud as KubeObject, { fieldManager: CLI_FIELD_MANAGER, dryRun: true });
        return undefined;
      } catch (error) {
        if (error instanceof KubeError && error.status >= 400 && error.status < 500) return error.message;
        // A body that fits no type at all is the server's "typed patch" error, which is a 500.
        if (error instanceof KubeError && /typed patch object/.test(error.message)) return error.message;
        throw error;
      }
    }

    const kubectl = async (...args: string[]): Promise<string> =>
      (await exec(join(bin ?? "", "kubectl"), ["--kubeconfig", join(folder, "kubeconfig"), ...args])).stdout;

    test("both are established and structural", async () => {
      for (const crd of customResourceDefinitions()) {
        const found = await conditions(crd.metadata.name);
        assert.equal(found["Established"], "True");
        assert.equal(found["NonStructuralSchema"] ?? "False", "False");
      }
    });

    test("right Clouds are accepted by both judges", async () => {
      await fc.assert(
        fc.asyncProperty(arbitraryCloud(), async (cloud) => {
          assert.equal(await refused(cloud), undefined);
          assert.deepEqual(judgeCloud(cloud), []);
        }),
        { numRuns: 60 },
      );
    });

    const address = fc
      .tuple(fc.constantFrom("10.91.0", "10.91.1", "10.92.0"), fc.integer({ min: 0, max: 300 }))
      .map(([net, host]) => `${net}.${host}`);
    const cidr = fc.oneof(
      fc
        .tuple(
          fc.constantFrom("10.91.0.0", "10.91.1.0", "10.92.0.0", "10.91.0.5", "fd00::", "010.91.0.0"),
          fc.integer({ min: 0, max: 40 }),
        )
        .map(([net, bits]) => `${net}/${bits}`),
      fc.constantFrom("10.91.0.0/16", "10.91.0.0/24", "no/24", "10.91.0.0", "10.91.0.0/024"),
    );
    const pool = fc.oneof(
      fc.tuple(address, address).map(([from, to]) => `${from}-${to}`),
      fc.constantFrom("10.91.0.1", "a-b", "10.91.0.1-10.91.0.2-10.91.0.3", "::1-::2", "1-2"),
    );
    const network = fc.record(
      {
        name: fc.constantFrom("a", "b"),
        interface: fc.constantFrom("ext0", "ext1"),
        vlan: fc.integer({ min: -1, max: 2 }),
        cidr,
        gateway: fc.oneof(address, fc.constant("fd00::1"), fc.constant("none")),
        pool,
      },
      { requiredKeys: ["name", "interface", "cidr", "pool"], noNullPrototype: true },
    );
    const questionable = fc.record(
      {
        release: fc.constantFrom("2025.1", "2031.1", ""),
        network: fc.record(
          { provider: fc.array(network, { maxLength: 3 }), tunnelCIDR: cidr, mtu: fc.constantFrom(0, 1500) },
          { requiredKeys: [], noNullPrototype: true },
        ),
        database: fc.record(
          {
            type: fc.constantFrom("Managed", "External"),
            managed: fc.record({ replicas: fc.integer({ min: -1, max: 6 }) }, { noNullPrototype: true }),
          },
          { requiredKeys: [], noNullPrototype: true },
        ),
        services: fc.dictionary(fc.constantFrom(...SERVICE_NAMES), fc.record({ enabled: fc.boolean() }), {
          noNullPrototype: true,
        }),
        change: fc.constantFrom(
          { approval: "Automatic" },
          { approval: "Manual" },
          { approval: "Sometimes" },
          { automaticUpTo: "ReadsSlow" },
          { approval: "Automatic", automaticUpTo: "None" },
          { approvedPlan: "0123456789ab" },
          { approvedPlan: "0123456789abcdef".repeat(4) },
          { freeze: { until: "2027-01-04T06:00:00Z" } },
          { freeze: { reason: "audit", until: "2027-01-04T06:00:00" } },
          { freeze: { reason: "audit", until: "2027-01-04T06:00:00+01:00" } },
          { windows: [{ name: "nights", schedule: "0 22 * * 1-5", duration: "4h" }] },
          { windows: [{ name: "nights", schedule: "22 * * 1-5", duration: "4h" }] },
          { windows: [{ name: "nights", schedule: "0 22 * * ?", duration: "4h" }] },
          { windows: [{ name: "nights", schedule: "0 22 * * 1-5", duration: "0h" }] },
          { windows: [{ name: "nights", schedule: "0 22 * * 1-5", duration: "4 hours" }] },
          { windows: [{ name: "nights", schedule: "0 22 * * 1-5", duration: "0h30m" }] },
        ),
        drift: fc.constantFrom(
          { default: "Report" },
          { default: "Ignore" },
          { kinds: [{ kind: "Deployment", action: "Report" }] },
          { kinds: [{ kind: "Secret", action: "Report" }] },
          { kinds: [{ kind: "Secret", action: "Repair" }] },
          { kinds: [{ kind: "Pod", action: "Report" }] },
          {
            kinds: [
              { kind: "Job", action: "Report" },
              { kind: "Job", action: "Repair" },
            ],
          },
        ),
        images: fc.constantFrom({ pullSecrets: [] }, { pullSecrets: [{ name: "registry" }] }),
        compute: fc.constantFrom(
          { pools: [{ name: "std" }] },
          { pools: [{ name: "Std" }] },
          { pools: [{ name: "s", maxUnavailable: 0 }] },
        ),
      },
      { requiredKeys: ["release"], noNullPrototype: true },
    );

    test("the command line and the API server judge alike", async () => {
      let wrong = 0;
      await fc.assert(
        fc.asyncProperty(questionable, async (spec) => {
          const cloud = { ...smallestCloud(), spec };
          const findings = judgeCloud(cloud);
          const reason = await refused(cloud);
          assert.equal(
            findings.length > 0,
            reason !== undefined,
            `${JSON.stringify(spec)}\nours: ${JSON.stringify(findings)}\ntheirs: ${reason}`,
          );
          if (reason !== undefined) wrong += 1;
        }),
        { numRuns: 300 },
      );
      assert.ok(wrong > 20, "the generated input is wrong often enough to tell something");
    });

    test("every choice of services is accepted or refused alike, in the same words", async () => {
      for (let bits = 0; bits < 2 ** SERVICE_NAMES.length; bits += 1) {
        const services = SERVICE_NAMES.map((name, index) => [name, { enabled: (bits & (1 << index)) !== 0 }]);
        const cloud = { ...smallestCloud(), spec: { release: "2025.1", services: Object.fromEntries(services) } };
        const reason = await refused(cloud);
        const findings = judgeCloud(cloud);
        assert.equal(findings.length > 0, reason !== undefined, `${JSON.stringify(services)}: ${reason}`);
        for (const { message } of findings) assert.ok(reason?.includes(message), `${message}\nis not in: ${reason}`);
      }
    });

    test("right and wrong networks are told apart alike", async () => {
      const fitting = fc.record({
        number: fc.integer({ min: 0, max: 3 }),
        from: fc.integer({ min: 0, max: 255 }),
        to: fc.integer({ min: 0, max: 255 }),
        gateway: fc.integer({ min: 0, max: 255 }),
        vlan: fc.integer({ min: 0, max: 2 }),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(fitting, { maxLength: 3 }), async (list) => {
          const provider = list.map(({ number, from, to, gateway, vlan }, index) => {
            const net = `10.91.${number}`;
            return {
              name: `n${index}`,
              interface: "ext0",
              vlan,
              cidr: `${net}.0/24`,
              gateway: `${net}.${gateway}`,
              pool: `${net}.${from}-${net}.${to}`,
            };
          });
          const cloud = { ...smallestCloud(), spec: { release: "2025.1", network: { provider } } };
          assert.equal(judgeCloud(cloud).length > 0, (await refused(cloud)) !== undefined, JSON.stringify(provider));
        }),
        { numRuns: 200 },
      );
    });

    test("fields that nobody knows and names that are too long are refused", async () => {
      assert.match(
        (await refused({ ...smallestCloud(), spec: { release: "2025.1", profle: "Minimal" } })) ?? "",
        /profle/,
      );
      const long = { ...smallestCloud(), metadata: { name: "a".repeat(31), namespace: "laptop" } };
      assert.match((await refused(long)) ?? "", /at most 30 characters/);
    });

    test("the region never changes", async () => {
      const cloud = (region?: string): CloudInput => ({
        ...smallestCloud(),
        spec: { release: "2025.1", ...(region === undefined ? {} : { region }) },
      });
      const options = { fieldManager: CLI_FIELD_MANAGER };
      await kube.apply(cloud() as never, options);
      await kube.apply(cloud("RegionOne") as never, options);
      await assert.rejects(kube.apply(cloud("RegionTwo") as never, options), /never changes/);
    });

    test("options are owned one by one", async () => {
      const cloud = (options: object): never =>
        ({
          ...smallestCloud(),
          spec: { release: "2025.1", services: { nova: { options: { DEFAULT: options } } } },
        }) as never;
      await kube.apply(cloud({ debug: true }), { fieldManager: "team-a" });
      await kube.apply(cloud({ cpu_allocation_ratio: 4 }), { fieldManager: "team-b" });
      const stored = readCloud(
        await kube.get({ apiVersion: API_VERSION, kind: "Cloud", namespace: "laptop", name: "laptop" }),
      );
      assert.deepEqual(stored.spec.services["nova"]?.options, { DEFAULT: { debug: true, cpu_allocation_ratio: 4 } });
      await assert.rejects(
        kube.apply(cloud({ debug: false }), { fieldManager: "team-b" }),
        (error: KubeError) => error.reason === "Conflict",
      );
    });

    test(
      "kubectl explains the fields and shows release, phase, ready and age",
      { skip: !existsSync(join(bin ?? "", "kubectl")) },
      async () => {
        const explained = await kubectl("explain", "cloud.spec");
        assert.match(explained, /release\t<string> -required-/);
        assert.match(explained, /OpenStack release, for example 2025\.1\./);
        assert.match(await kubectl("explain", "cloud.spec.network.provider.pool"), /10\.91\.0\.100-10\.91\.0\.200/);
        const status = { apiVersion: API_VERSION, kind: "Cloud", metadata: { name: "laptop", namespace: "laptop" } };
        const ready = {
          type: "Ready",
          status: "True",
          reason: "Ready",
          message: "every workload is ready",
          lastTransitionTime: "2026-01-01T00:00:00Z",
        };
        await kube.apply(
          { ...status, status: { phase: "Ready", ready: "11/11", conditions: [ready] } },
          { fieldManager: "operator", subresource: "status" },
        );
        assert.match(
          await kubectl("get", "cl", "-n", "laptop"),
          /NAME +RELEASE +PHASE +READY +AGE\nlaptop +2025\.1 +Ready +True +\w+/,
        );
        await kubectl("wait", "--for=condition=Ready", "cloud/laptop", "-n", "laptop", "--timeout=60s");
      },
    );

    test("a Hypervisor has a status and nothing to set", async () => {
      const own = { apiVersion: API_VERSION, kind: "Hypervisor", metadata: { name: "n1", namespace: "laptop" } };
      await kube.apply({ ...own, spec: {} }, { fieldManager: "operator" });
      await kube.apply(
        { ...own, status: { node: "n1", state: "Up", guests: 1, virtualization: "QEMU" } },
        { fieldManager: "operator", subresource: "status" },
      );
      await kube.apply({ ...own, spec: { maintenance: true } }, { fieldManager: "operator" });
      const stored = await kube.get({ ...own, name: "n1", namespace: "laptop" });
      assert.equal(fieldAt(stored, "status", "guests"), 1);
      assert.equal(fieldAt(stored, "spec", "maintenance"), undefined, "a field that there is not is dropped");
    });
  },
);
