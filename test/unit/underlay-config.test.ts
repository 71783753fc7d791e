import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { addons, VOLUMES_FOLDER } from "../../src/underlay/addons.ts";
import {
  addressAt,
  DEFAULT_CONFIG,
  nodeAddress,
  nodePodCidr,
  overlaps,
  validateConfig,
  type NodeConfig,
  type UnderlayConfig,
} from "../../src/underlay/config.ts";
import { UnderlayError } from "../../src/underlay/errors.ts";
import { initConfiguration } from "../../src/underlay/kubeadm.ts";
import { nodeFiles } from "../../src/underlay/node-files.ts";

const N1 = DEFAULT_CONFIG.nodes[0] as NodeConfig;
const THREE: UnderlayConfig = { ...DEFAULT_CONFIG, nodes: [1, 2, 3].map((number) => ({ name: `n${number}`, number })) };

describe("addresses", () => {
  it("gives a node and its pods their places", () => {
    assert.equal(nodeAddress(DEFAULT_CONFIG, N1), "10.90.0.11");
    assert.equal(nodePodCidr(DEFAULT_CONFIG, N1), "10.244.1.0/24");
    assert.equal(addressAt("10.90.0.128/25", 127), "10.90.0.255");
    assert.equal(addressAt("10.90.0.77/24", 1), "10.90.0.1", "host bits do not matter");
    assert.throws(() => addressAt("10.90.0.128/25", 128), UnderlayError);
  });

  it("finds any overlap, whichever range is named first", () => {
    const range = fc.tuple(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 8, max: 32 }));
    const text = ([value, bits]: [number, number]): string =>
      `${[24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".")}/${bits}`;
    fc.assert(
      fc.property(range, range, fc.integer({ min: 0, max: 2 ** 32 - 1 }), (a, b, address) => {
        assert.equal(overlaps(text(a), text(b)), overlaps(text(b), text(a)));
        assert.ok(overlaps(text(a), text([a[0], 32])), "a range holds its own address");
        const inside = (one: [number, number]): boolean => overlaps(text(one), text([address, 32]));
        if (inside(a) && inside(b)) assert.ok(overlaps(text(a), text(b)));
      }),
    );
    assert.equal(overlaps("10.90.0.0/24", "10.90.1.0/24"), false);
    assert.equal(overlaps("10.88.0.0/14", "10.90.1.0/24"), true);
  });

  it("refuses what cannot work, in words", () => {
    const bad: [Partial<UnderlayConfig>, RegExp][] = [
      [{ nodeCidr: "10.90.0.0" }, /no IPv4 range/],
      [{ podCidr: "10.90.0.0/16" }, /nodeCidr 10\.90\.0\.0\/24 and podCidr 10\.90\.0\.0\/16 overlap/],
      [{ nodeBridge: "a-name-that-is-too-long" }, /cannot be the name of a bridge/],
      [{ nodes: [] }, /no node/],
    ];
    for (const [change, message] of bad) assert.throws(() => validateConfig({ ...DEFAULT_CONFIG, ...change }), message);
    validateConfig(DEFAULT_CONFIG);
  });
});

describe("the configuration of a node", () => {
  const traits = { cgroups: ["memory"], restrictOomScore: true };
  const file = async (config: UnderlayConfig, node: NodeConfig, path: string): Promise<string> =>
    (await nodeFiles(config, node, traits)).find((one) => one.path === path)?.text ?? assert.fail(`no ${path}`);

  it("names every other node and routes its pods, so that more nodes only repeat it", async () => {
    const second = THREE.nodes[1] as NodeConfig;
    const network = await file(THREE, second, "etc/underpin/network");
    assert.match(network, /addr add 10\.90\.0\.12\/24 dev eth0/);
    assert.match(network, /route add 10\.244\.1\.0\/24 via 10\.90\.0\.11/);
    assert.match(network, /route add 10\.244\.3\.0\/24 via 10\.90\.0\.13/);
    assert.doesNotMatch(network, /10\.244\.2\.0/);
    assert.match(await file(THREE, second, "etc/hosts"), /^10\.90\.0\.11 api\.underpin\.internal$/m);
    const cni = JSON.parse(await file(THREE, second, "etc/cni/net.d/10-underpin.conflist")) as {
      plugins: { ipam?: { ranges: unknown } }[];
    };
    assert.deepEqual(cni.plugins[0]?.ipam?.ranges, [[{ subnet: "10.244.2.0/24" }]]);
  });

  it("lets no score be lowered only where the machine cannot", async () => {
    const text = async (restrictOomScore: boolean): Promise<string> =>
      (await nodeFiles(DEFAULT_CONFIG, N1, { ...traits, restrictOomScore })).find(({ path }) =>
        path.endsWith("config.toml"),
      )?.text ?? "";
    assert.match(await text(true), /restrict_oom_score_adj = true/);
    assert.match(await text(false), /restrict_oom_score_adj = false/);
  });

  it("tells kubeadm what a machine with the first version of control groups needs, and nothing of it to another", () => {
    const v1 = initConfiguration(DEFAULT_CONFIG, N1, { cgroupVersion: "v1", kvm: true });
    const v2 = initConfiguration(DEFAULT_CONFIG, N1, { cgroupVersion: "v2", kvm: false });
    assert.match(v1, /SystemVerification/);
    assert.match(v1, /"failCgroupV1": false/);
    assert.match(v1, /underpin\.dev\/kvm=true/);
    assert.doesNotMatch(v2, /SystemVerification|failCgroupV1/);
    assert.match(v2, /underpin\.dev\/kvm=false/);
  });

  it("holds no token or key: kubeadm makes them for each cluster", () => {
    assert.doesNotMatch(
      initConfiguration(DEFAULT_CONFIG, N1, { cgroupVersion: "v1", kvm: true }),
      /token|certificateKey/i,
    );
  });
});

describe("the add-ons", () => {
  it("serve DNS at the cluster's address and storage as the default", () => {
    const objects = addons({ ...DEFAULT_CONFIG, dnsAddress: "10.96.0.99" });
    const text = JSON.stringify(objects);
    assert.match(text, /"clusterIP":"10\.96\.0\.99"/);
    assert.match(text, /"storageclass\.kubernetes\.io\/is-default-class":"true"/);
    assert.ok(text.includes(VOLUMES_FOLDER));
    assert.doesNotMatch(text, /"\*"/, "no right to everything");
  });
});
