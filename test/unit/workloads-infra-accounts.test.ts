import assert from "node:assert/strict";
import { test } from "node:test";
import { fixedCloud } from "./build-input.ts";
import { enabledApis } from "../../src/workloads/gateway/apis.ts";
import { gatewayCertificate } from "../../src/workloads/gateway/certificate.ts";
import { passwordHash as mariadbHash } from "../../src/workloads/mariadb/accounts.ts";
import { bridgesFile } from "../../src/workloads/network/bridges.ts";
import { passwordHash as rabbitmqHash } from "../../src/workloads/rabbitmq/definitions.ts";

test("MariaDB's hash is that of SELECT PASSWORD('password')", () => {
  assert.equal(mariadbHash("password"), "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19");
});

test("RabbitMQ's hash is that of its documentation", () => {
  const salt = Buffer.from("908DC60A", "hex");
  assert.equal(rabbitmqHash("test12", salt), "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR");
});

test("the front door's certificate has the names of both sides", () => {
  const request = (publicEndpoint: string) =>
    gatewayCertificate(fixedCloud(), { publicEndpoint, clusterDomain: "cluster.local" });
  assert.deepEqual(request("10.90.0.11:30443").ipAddresses, ["10.90.0.11", "127.0.0.1"]);
  assert.deepEqual(request("[fd00::1]:443").ipAddresses, ["fd00::1", "127.0.0.1"]);
  assert.ok(request("10.90.0.11:30443").dnsNames.includes("gateway.laptop.svc.cluster.local"));
  assert.deepEqual(request("cloud.example:443").ipAddresses, ["127.0.0.1"]);
  assert.ok(request("cloud.example").dnsNames.includes("cloud.example"));
});

test("a disabled service has no path", () => {
  const cloud = fixedCloud({ services: { glance: { enabled: false } } });
  assert.deepEqual(
    enabledApis(cloud).map((api) => api.name),
    ["identity", "placement", "compute", "network"],
  );
});

test("provider networks of one interface share its bridge", () => {
  const provider = (name: string, nic: string, vlan: number) => ({
    name,
    interface: nic,
    vlan,
    cidr: "10.91.0.0/24",
    pool: "10.91.0.100-10.91.0.200",
  });
  const cloud = fixedCloud({
    network: { provider: [provider("a", "eth1", 0), provider("b", "eth2", 0), provider("c", "eth1", 7)] },
  });
  assert.equal(bridgesFile(cloud), "a br-ex eth1\nb br-ex1 eth2\nc br-ex eth1\n");
});
