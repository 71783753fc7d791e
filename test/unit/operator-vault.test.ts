import assert from "node:assert/strict";
import { test } from "node:test";
import { VAULT_SECRET } from "../../src/api/names.ts";
import { type SecretData, type SecretPort, ensureCertificates, ensureCredentials } from "../../src/desired/vault.ts";
import { MAKERS } from "../../src/operator/makers.ts";

function memory(): SecretPort & { readonly secrets: Map<string, SecretData> } {
  const secrets = new Map<string, SecretData>();
  return {
    secrets,
    read: (name) => Promise.resolve(secrets.get(name)),
    write: (name, data) => Promise.resolve(void secrets.set(name, data)),
  };
}
const keeping = (secrets: SecretPort) => ({ secrets, makers: MAKERS });
const requests = [{ name: "keystone-database", keys: { password: "password" as const } }];

test("a deleted credential comes back with the same value", async () => {
  const port = memory();
  const first = await ensureCredentials(requests, [], keeping(port));
  port.secrets.delete("keystone-database");
  const second = await ensureCredentials(requests, ["keystone-database"], keeping(port));
  assert.deepEqual(second.values, first.values);
  assert.deepEqual(port.secrets.get("keystone-database"), first.values["keystone-database"]);
  port.secrets.delete(VAULT_SECRET);
  assert.deepEqual((await ensureCredentials(requests, ["keystone-database"], keeping(port))).values, first.values);
  assert.ok(port.secrets.has(VAULT_SECRET));
});

test("a credential of which no copy is left is reported lost, not made anew", async () => {
  const port = memory();
  await ensureCredentials(requests, [], keeping(port));
  port.secrets.clear();
  const after = await ensureCredentials(requests, ["keystone-database"], keeping(port));
  assert.deepEqual(after.lost, ["keystone-database.password"]);
  assert.equal(port.secrets.has("keystone-database"), false);
});

test("a Secret that exists beforehand wins", async () => {
  const port = memory();
  await port.write("keystone-database", { password: "given" }, "Opaque");
  assert.equal(
    (await ensureCredentials(requests, [], keeping(port))).values["keystone-database"]?.["password"],
    "given",
  );
});

test("two clouds share no generated value", async () => {
  const [a, b] = await Promise.all([
    ensureCredentials(requests, [], keeping(memory())),
    ensureCredentials(requests, [], keeping(memory())),
  ]);
  assert.notDeepEqual(a.values, b.values);
  assert.match(a.values["keystone-database"]?.["password"] ?? "", /^[A-Za-z0-9]{32}$/);
});

test("certificates stay while they serve, and are issued anew for other names or another authority", async () => {
  const port = memory();
  const request = {
    name: "gateway-tls",
    commonName: "gateway",
    dnsNames: ["gateway.x.svc"],
    ipAddresses: ["10.90.0.11"],
  };
  const first = await ensureCertificates([request], "test", keeping(port));
  assert.deepEqual(await ensureCertificates([request], "test", keeping(port)), first);
  const more = await ensureCertificates(
    [{ ...request, dnsNames: ["gateway.x.svc", "cloud.example"] }],
    "test",
    keeping(port),
  );
  assert.notEqual(more.hashes["gateway-tls"], first.hashes["gateway-tls"]);
  assert.equal(more.caCertificate, first.caCertificate);
  port.secrets.delete("underpin-authority");
  assert.equal((await ensureCertificates([request], "test", keeping(port))).caCertificate, first.caCertificate);
  port.secrets.clear();
  assert.notEqual((await ensureCertificates([request], "test", keeping(port))).caCertificate, first.caCertificate);
});
