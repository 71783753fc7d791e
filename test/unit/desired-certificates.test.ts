// When a certificate still serves, so that none is issued without need and none is kept too long.
import assert from "node:assert/strict";
import { test } from "node:test";
import { certificateServes, lasts } from "../../src/desired/certificates.ts";
import { authorityIssuer, createAuthority } from "../../src/operator/issuer.ts";

const DAY_MS = 86_400_000;
const authority = await createAuthority("laptop");
const issuer = await authorityIssuer(authority);
const REQUEST = {
  name: "gateway-tls",
  commonName: "gateway",
  dnsNames: ["gateway", "gateway.laptop.svc.cluster.local", "*.cloud.example"],
  ipAddresses: ["10.90.0.11", "fd00::1"],
};
const { certificate } = await issuer.issue(REQUEST);

test("a certificate serves what it was issued for, and less", () => {
  assert.ok(certificateServes(certificate, REQUEST, authority.certificate));
  assert.ok(
    certificateServes(certificate, { ...REQUEST, dnsNames: [], ipAddresses: ["fd00:0::1"] }, authority.certificate),
  );
});

test("it serves no other name or address, and a wildcard is a name like any other", () => {
  const others = [
    { ...REQUEST, dnsNames: ["keystone"] },
    { ...REQUEST, dnsNames: ["a.cloud.example"] },
    { ...REQUEST, dnsNames: ["example"] },
    { ...REQUEST, dnsNames: [REQUEST.commonName, "laptop"] },
    { ...REQUEST, ipAddresses: ["10.90.0.12"] },
    { ...REQUEST, ipAddresses: ["fd00::2"] },
  ];
  for (const other of others)
    assert.ok(!certificateServes(certificate, other, authority.certificate), JSON.stringify(other));
});

test("it serves until a third of its life is left", () => {
  const left = (days: number): boolean =>
    certificateServes(certificate, REQUEST, authority.certificate, Date.now() + days * DAY_MS);
  assert.deepEqual([left(240), left(246), left(400)], [true, false, false]);
  assert.equal(lasts(certificate), true);
  assert.throws(() => lasts("no certificate"));
});

test("one of another authority of the same name, and what is none, serve nobody", async () => {
  const other = await createAuthority("laptop");
  assert.ok(!certificateServes(certificate, REQUEST, other.certificate));
  assert.ok(!certificateServes("no certificate", REQUEST, authority.certificate));
  assert.ok(!certificateServes(certificate, REQUEST, "no authority"));
});
