// What `down` needs to know of the Clouds, read from a real API server through its kubeconfig.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { customResourceDefinitions } from "../../src/api/crd.ts";
import { judgeCloud } from "../../src/api/findings.ts";
import { createClient } from "../../src/kube/http-client.ts";
import { record } from "../../src/up/down.ts";
import { readRecord } from "../../src/up/record.ts";
import { LAPTOP } from "../unit/build-input.ts";
import { binaries, startApiServer } from "./api-server.ts";
import { eventually } from "./kube.contract.ts";

const bin = binaries();
const skip = bin === undefined ? "kube-apiserver and etcd are not there" : false;

test("Clouds and their credentials are recorded as they can be applied again", { skip }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "cloud-record-"));
  const server = await startApiServer(bin ?? "");
  const client = createClient(server.config);
  try {
    const kubeconfig = join(folder, "kubeconfig");
    await writeFile(kubeconfig, server.kubeconfig);
    const state = join(folder, "state");
    assert.deepEqual(await record(kubeconfig, state), [], "a cluster that does not know Clouds yet");
    await client.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: "laptop" } });
    for (const crd of customResourceDefinitions()) await client.create(crd);
    const { name, namespace } = LAPTOP.metadata;
    const wanted = { ...LAPTOP, metadata: { name, namespace }, spec: { ...LAPTOP.spec, deletionPolicy: "Delete" } };
    const apply = () => client.apply(wanted, { fieldManager: "somebody" });
    await eventually("the Cloud is accepted", () =>
      apply().then(
        () => true,
        () => false,
      ),
    );
    const vault = { apiVersion: "v1", kind: "Secret", metadata: { name: "underpin-vault", namespace } };
    await client.create({ ...vault, type: "Opaque", data: { "mariadb-root.password": "c2VjcmV0" } });

    const known = [{ name, namespace, deletionPolicy: "Delete" }];
    assert.deepEqual(await record(kubeconfig, state), known);
    assert.deepEqual((await readRecord(state)).clouds, known);
    const file = join(state, "clouds", namespace, "cloud.yaml");
    const cloud: unknown = parse(await readFile(file, "utf8"));
    assert.deepEqual(judgeCloud(cloud), [], "it may be given to `up` as it is");
    const secrets = parse(await readFile(join(state, "clouds", namespace, "secrets.yaml"), "utf8")) as typeof vault;
    assert.deepEqual([secrets.kind, secrets.metadata], ["Secret", vault.metadata]);
    const before = await stat(file);
    await record(kubeconfig, state);
    assert.equal((await stat(file)).ino, before.ino, "what did not change is not written");
  } finally {
    await client.close();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
});
