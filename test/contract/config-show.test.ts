// `config show` of a Cloud on a real API server: what pods have mounted, and who set which field.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { customResourceDefinitions } from "../../src/api/crd.ts";
import { FIELD_MANAGER } from "../../src/api/names.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { createClient } from "../../src/kube/http-client.ts";
import type { Desired } from "../../src/kube/types.ts";
import type { Manifest } from "../../src/workloads/contract.ts";
import { loadWorkloads } from "../../src/workloads/registry.ts";
import { fixedCloud, fixedInput, LAPTOP, SECRET_MARK } from "../unit/build-input.ts";
import { type ApiServer, binaries, startApiServer } from "./api-server.ts";

const bin = binaries();
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const KINDS = ["ConfigMap", "Secret", "Deployment", "StatefulSet", "DaemonSet"];

/** This API server lets nobody be privileged; nothing runs here anyway. */
function harmless(object: Manifest): Desired {
  return JSON.parse(JSON.stringify(object).replaceAll('"privileged":true', '"privileged":false')) as Desired;
}

interface Shown {
  readonly lines: readonly {
    readonly group: string;
    readonly name: string;
    readonly values: readonly string[];
    readonly origin: { readonly from: string };
    readonly place?: { readonly managers: readonly string[] };
    readonly processes: readonly string[];
  }[];
}

describe("config show", { skip: bin === undefined ? "kube-apiserver and etcd are not there" : false }, () => {
  let server: ApiServer;
  let kube: KubeClient;
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "config-show-"));
    server = await startApiServer(bin ?? "");
    kube = createClient(server.config);
    await writeFile(join(folder, "kubeconfig"), server.kubeconfig);
    for (const name of ["laptop", "laptop-nodes"])
      await kube.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } }, { fieldManager: FIELD_MANAGER });
    for (const crd of customResourceDefinitions()) await kube.apply(crd, { fieldManager: FIELD_MANAGER });
    const workers = { services: { nova: { options: { DEFAULT: { osapi_compute_workers: 3 } } } } };
    await applied(cloud({ ...LAPTOP.spec, services: { nova: { options: { DEFAULT: { debug: true } } } } }), "team-a");
    await applied(cloud(workers), "team-b");
    await applyObjects();
  });

  after(async () => {
    await kube?.close();
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  function cloud(spec: object): Desired {
    const { name, namespace } = LAPTOP.metadata;
    return { apiVersion: LAPTOP.apiVersion, kind: LAPTOP.kind, metadata: { name, namespace }, spec };
  }

  /** The kind is served a moment after its definition is there. */
  async function applied(object: Desired, fieldManager: string): Promise<void> {
    for (const end = Date.now() + 60_000; ; await sleep(100)) {
      try {
        await kube.apply(object, { fieldManager });
        return;
      } catch (error) {
        if (Date.now() > end) throw error;
      }
    }
  }

  async function applyObjects(): Promise<void> {
    const workloads = await loadWorkloads();
    const nova = { options: { DEFAULT: { debug: true, osapi_compute_workers: 3 } } };
    const input = fixedInput(workloads, fixedCloud({ services: { nova } }));
    const objects = workloads
      .filter(({ name }) => ["nova", "compute"].includes(name))
      .flatMap((one) => one.build(input));
    for (const object of objects.filter(({ kind }) => KINDS.includes(kind)))
      await kube.apply(harmless(object), { fieldManager: FIELD_MANAGER });
  }

  function show(...args: string[]) {
    const command = ["src/cli/main.ts", "config", "show", ...args, "--kubeconfig", join(folder, "kubeconfig")];
    return spawnSync(process.execPath, command, { cwd: ROOT, encoding: "utf8", maxBuffer: 1e8 });
  }

  test("shows what the pods have mounted, and which manager set what is the user's", () => {
    const { status, stdout, stderr } = show("laptop", "nova", "-o", "json");
    assert.equal(status, 0, stderr);
    const { lines } = JSON.parse(stdout) as Shown;
    const line = (name: string) => lines.find((one) => one.group === "DEFAULT" && one.name === name);
    assert.deepEqual(line("debug")?.place, { managers: ["team-a"] });
    assert.deepEqual(line("osapi_compute_workers")?.place, { managers: ["team-b"] });
    assert.deepEqual(line("osapi_compute_workers")?.values, ["3"]);
    assert.equal(line("compute_driver")?.origin.from, "underpin");
    assert.deepEqual(line("compute_driver")?.processes, ["compute/std"]);
    assert.deepEqual(line("transport_url")?.values, ["(secret)"]);
  });

  test("no form of the output has a secret in it", () => {
    for (const form of [["-p"], ["-o", "ini"], ["-o", "yaml", "--all"], ["-o", "json", "--all"]]) {
      const { status, stdout, stderr } = show("nova", ...form);
      assert.equal(status, 0, stderr);
      assert.ok(stdout.length > 1000);
      assert.ok(!`${stdout}${stderr}`.includes(SECRET_MARK), form.join(" "));
    }
  });

  test("a Cloud or a service that there is not is told with those that there are", () => {
    const other = show("desktop", "nova");
    assert.deepEqual(
      [other.status, other.stderr],
      [2, "error: There is no Cloud desktop\n  next: There is: laptop.\n"],
    );
    assert.equal(show("laptop", "keystone").status, 2);
  });
});
