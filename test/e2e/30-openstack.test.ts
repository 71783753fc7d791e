import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { ensureCatalog, ensurePasswords, type CatalogInput } from "../../src/openstack/catalog.ts";
import { endpoints, projects, regions, services, users } from "../../src/openstack/identity.ts";
import { listResourceProviders } from "../../src/openstack/placement.ts";
import { computeServices } from "../../src/openstack/compute.ts";
import { images } from "../../src/openstack/image.ts";
import { networks } from "../../src/openstack/network.ts";
import { Session } from "../../src/openstack/session.ts";
import { openstackContract } from "../contract/openstack.contract.ts";
import { administrator, cutOff, skip } from "./cloud.ts";

const REGION = "E2eRegion";
/** Things of its own, so that the cloud's catalogue is left alone. */
const INPUT: CatalogInput = {
  region: REGION,
  users: [
    { name: "e2e-one", password: "first-password-1", project: "e2e-project", roles: ["admin", "service"] },
    { name: "e2e-two", password: "second-password-2", project: "e2e-project", roles: ["member"] },
  ],
  services: [
    {
      name: "e2e-a",
      type: "e2e-type-a",
      endpoints: { public: "https://a.example/x", internal: "https://a.internal/x" },
    },
    {
      name: "e2e-b",
      type: "e2e-type-b",
      endpoints: { public: "https://b.example/x", internal: "https://b.internal/x" },
    },
  ],
};

describe("the OpenStack API", { skip }, () => {
  openstackContract("real cloud", administrator);

  const session = skip === false ? new Session(administrator()) : undefined;
  const admin = (): Session => {
    assert.ok(session);
    return session;
  };
  after(async () => {
    if (session === undefined) return;
    await removeAll(session);
    await session.close();
  });

  test("every API answers", async () => {
    const [image, network, compute, placement] = await Promise.all([
      images.list(admin()),
      networks.list(admin()),
      computeServices.list(admin()),
      listResourceProviders(admin()),
    ]);
    for (const list of [image, network, compute, placement]) assert.ok(Array.isArray(list));
  });

  test("a catalogue call that is interrupted anywhere is completed by the next, which the one after finds complete", async () => {
    await removeAll(admin());
    for (const allowed of [0, 3, 7, 11, 15]) {
      const cut = cutOff(admin(), allowed);
      await ensureCatalog(cut, INPUT).catch((error: unknown) => assert.match(String(error), /cut off/));
    }
    await ensureCatalog(admin(), INPUT);
    assert.deepEqual(await ensureCatalog(admin(), INPUT), { changed: [] });
    assert.equal((await own()).length, 4);
  });

  test("the users can log in to their project", async () => {
    for (const { name, password, project } of INPUT.users) {
      const user = new Session({ ...administrator(), username: name, password, project });
      await user.authenticate();
      await user.close();
    }
  });

  test("a changed URL and a changed password are set, duplicates are removed, and each is told", async () => {
    const [a] = INPUT.services;
    const [one] = INPUT.users;
    assert.ok(a && one);
    const id = (await services.find(admin(), a.name))?.id;
    await endpoints.create(admin(), {
      service_id: id,
      interface: "public",
      region_id: REGION,
      url: "https://double.example",
    });
    await services.create(admin(), { name: a.name, type: a.type });
    const changed: CatalogInput = {
      ...INPUT,
      users: [{ ...one, password: "another-password-3" }, ...INPUT.users.slice(1)],
      services: [
        { ...a, endpoints: { ...a.endpoints, internal: "https://new.internal/x" } },
        ...INPUT.services.slice(1),
      ],
    };
    assert.deepEqual((await ensureCatalog(admin(), changed)).changed, [
      "changed the internal endpoint of e2e-a to https://new.internal/x",
      "removed 1 duplicates of service e2e-a",
      "removed 1 duplicates of the public endpoint of e2e-a",
    ]);
    assert.deepEqual((await ensurePasswords(admin(), changed.users)).changed, ["set the password of user e2e-one"]);
    assert.deepEqual((await ensureCatalog(admin(), changed)).changed, []);
    assert.deepEqual((await ensurePasswords(admin(), changed.users)).changed, []);
    assert.equal((await own()).length, 4);
  });

  async function own(): Promise<readonly unknown[]> {
    return (await endpoints.list(admin())).filter(({ region_id }) => region_id === REGION);
  }
});

async function removeAll(session: Session): Promise<void> {
  for (const endpoint of await endpoints.list(session)) {
    if (endpoint.region_id === REGION) await endpoints.delete(session, endpoint.id);
  }
  for (const service of await services.list(session)) {
    if (service.name.startsWith("e2e-")) await services.delete(session, service.id);
  }
  for (const user of await users.list(session)) if (user.name.startsWith("e2e-")) await users.delete(session, user.id);
  for (const project of await projects.list(session)) {
    if (project.name === "e2e-project") await projects.delete(session, project.id);
  }
  await regions.delete(session, REGION);
}
