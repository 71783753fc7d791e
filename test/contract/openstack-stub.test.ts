import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { errorMessage } from "../../src/openstack/error.ts";
import { networks } from "../../src/openstack/network.ts";
import { Session, type SessionOptions } from "../../src/openstack/session.ts";
import { attempts } from "../harness/attempts.ts";
import { openstackContract } from "./openstack.contract.ts";
import { OpenStackStub, STUB_USER } from "./openstack-stub.ts";

const stub = new OpenStackStub();
let url = "";
before(async () => {
  url = await stub.start();
});
after(() => stub.stop());
beforeEach(() => {
  stub.tokenLifeMs = 3_600_000;
  stub.seen.length = 0;
});

const options = (): SessionOptions => ({ ...STUB_USER, authUrl: `${url}/identity` });
openstackContract("stand-in", options);

async function using(change: Partial<SessionOptions>, work: (session: Session) => Promise<void>): Promise<void> {
  const session = new Session({ ...options(), ...change });
  try {
    await work(session);
  } finally {
    await session.close();
  }
}
const logins = (): number => stub.seen.filter((what) => what === "POST /identity/v3/auth/tokens").length;

test("twenty calls at once log in once", () =>
  using({}, async (session) => {
    await Promise.all(Array.from({ length: 20 }, () => networks.list(session)));
    assert.equal(logins(), 1);
  }));

// A token ends by the clock: where the machine stands still between two calls, another one is asked for, rightly.
test("a token is renewed before it ends, whatever the server's clock says", () =>
  attempts(() =>
    using({}, async (session) => {
      stub.seen.length = 0;
      stub.tokenLifeMs = 1_000;
      await networks.list(session);
      await new Promise((resolve) => setTimeout(resolve, 1_010));
      await networks.list(session);
      assert.equal(logins(), 2);
    }),
  ));

test("all pages of a list are read", () =>
  using({}, async (session) => {
    const found = await networks.list(session);
    assert.deepEqual(
      found.map(({ name }) => name),
      ["one", "two"],
    );
    assert.equal((await networks.find(session, "two"))?.id, "n2");
  }));

test("the gateway replaces host and port of every URL", () =>
  using({ authUrl: "https://cloud.example:30443/identity", gateway: url }, async (session) => {
    await networks.list(session);
    assert.ok(stub.seen.includes("GET /network/v2.0/networks"));
  }));

test("a call that is not answered ends after its time, and says so", () =>
  using({}, async (session) => {
    const call = session.request({ service: "network", method: "GET", path: "/slow", timeoutMs: 100 });
    await assert.rejects(call, { name: "OpenStackError", status: 0, message: /no answer within 0\.1 s/ });
  }));

/** Answers of keystone 27.1, nova 31.3, neutron 26.0, placement 13.0 and glance 30.2. */
const ANSWERS = [
  ['{"error":{"code":404,"message":"Could not find user: nope.","title":"Not Found"}}', "Could not find user: nope."],
  ['{"itemNotFound": {"code": 404, "message": "Flavor x could not be found."}}', "Flavor x could not be found."],
  [
    '{"NeutronError": {"type": "NetworkNotFound", "message": "Network n could not be found.", "detail": ""}}',
    "Network n could not be found.",
  ],
  [
    '{"errors": [{"status": 404, "title": "Not Found", "detail": "No resource provider with uuid u found"}]}',
    "No resource provider with uuid u found",
  ],
  [
    "<html>\n <head>\n  <title>404 Not Found</title>\n </head>\n <body>\n  <h1>404 Not Found</h1>\n  No image found<br /><br />\n </body>\n</html>",
    "404 Not Found No image found",
  ],
  ["", "(empty answer)"],
] as const;

for (const [body, message] of ANSWERS) {
  test(`an error answer is read: ${message}`, () => assert.equal(errorMessage(body), message));
}
