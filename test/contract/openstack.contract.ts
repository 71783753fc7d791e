// What the session promises, on whatever answers: the stand-in, and a real cloud.
import assert from "node:assert/strict";
import { test } from "node:test";
import { OpenStackError } from "../../src/openstack/error.ts";
import { networks, ports } from "../../src/openstack/network.ts";
import { Session, type SessionOptions } from "../../src/openstack/session.ts";

/** Registers the tests; `options` is asked when they run. */
export function openstackContract(side: string, options: () => SessionOptions): void {
  const using = async (change: Partial<SessionOptions>, work: (session: Session) => Promise<void>): Promise<void> => {
    const session = new Session({ ...options(), ...change });
    try {
      await work(session);
    } finally {
      await session.close();
    }
  };
  const projects = (session: Session): Promise<{ projects: unknown[] }> =>
    session.json({ service: "identity", method: "GET", path: "/auth/projects" });

  test(`${side}: a session logs in by itself`, () =>
    using({}, async (session) => {
      assert.ok((await projects(session)).projects.length > 0);
      assert.match((await session.self()).userId, /./);
    }));

  test(`${side}: the identity URL may end in /v3 or a slash`, () =>
    using({ authUrl: `${options().authUrl.replace(/\/v3$/, "")}/v3/` }, async (session) => {
      await projects(session);
    }));

  test(`${side}: a wrong password is told without repeating it`, () =>
    using({ password: "wrong-password-9876" }, async (session) => {
      await assert.rejects(projects(session), (error: unknown) => {
        assert.ok(error instanceof OpenStackError);
        assert.equal(error.status, 401);
        assert.equal(error.service, "identity");
        assert.match(error.message, /requires authentication/);
        assert.doesNotMatch(error.message + error.next, /wrong-password/);
        return true;
      });
    }));

  test(`${side}: a token that was revoked is renewed`, () =>
    using({}, async (session) => {
      await revoke(session);
      await projects(session);
    }));

  test(`${side}: a token that was revoked is an error when renewal is refused`, () =>
    using({ renewRefused: false }, async (session) => {
      await revoke(session);
      await assert.rejects(projects(session), { name: "OpenStackError", status: 401 });
    }));

  test(`${side}: what does not exist is undefined, and gone already counts as deleted`, () =>
    using({}, async (session) => {
      assert.equal(await networks.show(session, "00000000-0000-4000-8000-000000000000"), undefined);
      await networks.delete(session, "00000000-0000-4000-8000-000000000000");
    }));

  test(`${side}: lists of the network API are lists`, () =>
    using({}, async (session) => {
      for (const list of [networks, ports]) assert.ok(Array.isArray(await list.list(session, { limit: 5 })));
    }));

  test(`${side}: a service that the catalogue lacks is named`, () =>
    using({}, async (session) => {
      await assert.rejects(session.request({ service: "telepathy", method: "GET", path: "/" }), (error: unknown) => {
        assert.ok(error instanceof OpenStackError);
        assert.match(error.message, /no public endpoint of the service type "telepathy"/);
        assert.match(error.next, /catalogue/);
        return true;
      });
    }));

  test(`${side}: nobody there is an error without status`, () =>
    using({ gateway: "http://127.0.0.1:9" }, async (session) => {
      await assert.rejects(projects(session), { name: "OpenStackError", status: 0 });
    }));
}

/** Makes keystone forget the token that the session holds. */
async function revoke(session: Session): Promise<void> {
  const headers = { "x-subject-token": await session.token() };
  await session.request({ service: "identity", method: "DELETE", path: "/auth/tokens", headers });
}
