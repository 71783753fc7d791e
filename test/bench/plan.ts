// bench: how long a plan of a whole cloud takes, asked of an API server and of a snapshot; prints one JSON object.
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Cloud, readCloud } from "../../src/api/cloud.ts";
import { captureCloud } from "../../src/desired/capture.ts";
import { planCloud } from "../../src/desired/plan-cloud.ts";
import { planOffline } from "../../src/desired/plan-offline.ts";
import { Releases } from "../../src/desired/release-facts.ts";
import { parseSnapshot, snapshotText } from "../../src/desired/snapshot-file.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { FakeKube } from "../../src/kube/fake.ts";
import { createClient } from "../../src/kube/http-client.ts";
import { loadClaims } from "../../src/options/owned.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { loadWorkloads } from "../../src/workloads/registry.ts";
import { binaries, startApiServer } from "../contract/api-server.ts";
import { fixedInput, LAPTOP } from "../unit/build-input.ts";
import { carryOutCloud, prepareCluster } from "../unit/cloud-cluster.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const RUNS = Number(process.env["BENCH_PLANS"] ?? 21);
const NODES = Number(process.env["BENCH_NODES"] ?? 30);

const workloads = await loadWorkloads();
const { images } = fixedInput(workloads);
const builders = { workloads, images, clusterDomain: "cluster.local" };
const tools = {
  ...builders,
  operator: "operator:1",
  catalogue: "c",
  releases: new Releases(() => undefined),
  claims: await loadClaims(),
};

function cloudOf(spec: object) {
  const { name, namespace } = LAPTOP.metadata;
  return { ...LAPTOP, metadata: { name, namespace }, spec: { ...LAPTOP.spec, profile: "Large", ...spec } };
}

/** What is planned: nothing, one service's option, and what nearly every object has in it. */
const CHANGES: Readonly<Record<string, object>> = {
  nothing: {},
  option: { services: { nova: { options: { glance: { num_retries: 4 } } } } },
  everything: { region: "North", images: { registry: "mirror.example.org/cloud" } },
};

async function milliseconds(work: () => Promise<unknown>, times: number): Promise<{ p50: number; p95: number }> {
  const took: number[] = [];
  for (let run = 0; run < times; run += 1) {
    const start = performance.now();
    await work();
    took.push(performance.now() - start);
  }
  took.sort((a, b) => a - b);
  const at = (part: number): number => Math.round((took[Math.floor(times * part)] ?? 0) * 10) / 10;
  return { p50: at(0.5), p95: at(0.95) };
}

async function measured(plan: (cloud: Cloud) => Promise<Plan>) {
  const found: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(CHANGES)) {
    const cloud = readCloud(cloudOf(spec));
    const { count } = await plan(cloud);
    found[name] = { ...count, ms: await milliseconds(() => plan(cloud), RUNS) };
  }
  return found;
}

/** The command from its start to its end, with its own reading of the release's data. */
async function command(text: string) {
  const folder = await mkdtemp(join(tmpdir(), "bench-plan-"));
  const [cloud, file] = [join(folder, "cloud.yaml"), join(folder, "snapshot")];
  await writeFile(cloud, JSON.stringify(cloudOf(CHANGES["option"] ?? {})));
  await writeFile(file, text);
  const args = [`${ROOT}src/cli/main.ts`, "plan", "-f", cloud, "--snapshot", file];
  const run = async (): Promise<unknown> =>
    promisify(execFile)(process.execPath, args).catch((error: { code?: number }) => {
      if (error.code !== 2) throw error;
    });
  const found = await milliseconds(run, 9);
  await rm(folder, { recursive: true });
  return found;
}

async function benchmark(kube: KubeClient) {
  await prepareCluster(
    kube,
    cloudOf({}),
    Array.from({ length: NODES }, (_, index) => `n${index}`),
  );
  const fresh = () => planCloud(readCloud(cloudOf({})), { client: kube, ...tools });
  const first = { ...(await fresh()).count, ms: await milliseconds(fresh, RUNS) };
  const stored = await kube.create(cloudOf({}));
  await carryOutCloud(kube, readCloud(stored), builders);
  const capture = () =>
    captureCloud({ namespace: "laptop", name: "laptop" }, { client: kube, ...tools, now: new Date(0) });
  const text = snapshotText(await capture());
  return {
    first,
    live: await measured((cloud) => planCloud(cloud, { client: kube, ...tools })),
    offline: await measured((cloud) => planOffline(cloud, parseSnapshot(text), tools)),
    offlineCommandMs: await command(text),
    snapshot: { bytes: text.length, ms: await milliseconds(capture, 5) },
  };
}

const bin = process.argv.includes("--memory") ? undefined : binaries();
const server = bin === undefined ? undefined : await startApiServer(bin);
const kube = server === undefined ? new FakeKube() : createClient(server.config);
try {
  const where = server === undefined ? "in memory" : "kube-apiserver and etcd on this machine";
  process.stdout.write(`${JSON.stringify({ apiServer: where, nodes: NODES, ...(await benchmark(kube)) }, null, 2)}\n`);
} finally {
  await kube.close();
  await server?.stop();
}
