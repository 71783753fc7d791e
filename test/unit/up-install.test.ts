import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { parse } from "yaml";
import { readCloud } from "../../src/api/cloud.ts";
import { KubeError } from "../../src/kube/errors.ts";
import { FakeKube } from "../../src/kube/fake.ts";
import { admitted } from "../../src/up/admitted.ts";
import { install } from "../../src/up/install.ts";

const images = { operator: "underpin.local/operator:1", openstack: "underpin.local/openstack:1" };

async function setUp() {
  const client = new FakeKube();
  await client.create({ apiVersion: "v1", kind: "Node", metadata: { name: "n1" } });
  const text = await readFile(new URL("../../examples/laptop.yaml", import.meta.url), "utf8");
  const written = parse(text) as Record<string, unknown>;
  const cloud = readCloud(written);
  // Nobody serves the definitions of a fake: they are Established as soon as they are written.
  const serve = setInterval(() => void establish(client), 20);
  const run = (list: Record<string, string>) => install({ client, cloud, written, images: list, nodes: ["n1"] });
  return { client, run, end: () => clearInterval(serve) };
}

async function establish(client: FakeKube): Promise<void> {
  const query = { apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition" };
  for (const { metadata, status } of (await client.list(query)).items) {
    if (status !== undefined) continue;
    const value = { status: { conditions: [{ type: "Established", status: "True" }] } };
    await client.patch({ ...query, name: metadata.name }, { type: "merge", value }, { subresource: "status" });
  }
}

test("a second install changes nothing; other images leave one list, the current one", async () => {
  const { client, run, end } = await setUp();
  try {
    assert.notDeepEqual(await run(images), []);
    assert.deepEqual(await run(images), []);
    const lists = async (): Promise<string[]> =>
      (await client.list({ apiVersion: "v1", kind: "ConfigMap", namespace: "underpin-system" })).items.map(
        ({ metadata }) => metadata.name,
      );
    const [first] = await lists();
    await run({ ...images, openstack: "underpin.local/openstack:2" });
    const after = await lists();
    assert.equal(after.length, 1);
    assert.notEqual(after[0], first);
    const node = await client.get({ apiVersion: "v1", kind: "Node", name: "n1" });
    assert.equal(node?.metadata.labels?.["underpin.dev/cloud"], "laptop.laptop");
  } finally {
    end();
  }
});

test("the Cloud is written again while nobody answers who is to judge it, and what is refused is told at once", async () => {
  const failure = (status: number, message: string) => new KubeError("PATCH", status, { message });
  const away = failure(
    500,
    'Internal error occurred: failed calling webhook "clouds.underpin.dev": connection refused',
  );
  let left = 1;
  await admitted(() => (left-- > 0 ? Promise.reject(away) : Promise.resolve()));
  assert.equal(left, -1);
  await assert.rejects(
    admitted(() => Promise.reject(away), 0),
    /failed calling webhook/,
  );
  await assert.rejects(
    admitted(() => Promise.reject(failure(422, "denied the request"))),
    /denied/,
  );
});
