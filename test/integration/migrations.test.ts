// A database whose first migration was interrupted is made anew; one that was finished once loses nothing, whatever fails.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { generateCredential } from "../../src/operator/generate.ts";
import type { Manifest } from "../../src/workloads/contract.ts";
import { accountsSql } from "../../src/workloads/mariadb/accounts.ts";
import { loadWorkloads } from "../../src/workloads/registry.ts";
import { imagePython, skip, type ImagePython } from "../harness/image-python.ts";
import { fixedInput } from "../unit/build-input.ts";
import { pods } from "../unit/workload-objects.ts";

const SEED = Number(process.env["UNDERPIN_SEED"] ?? 20251);
const DRIVER = readFileSync(new URL("migrations.py", import.meta.url), "utf8");
const WORKLOADS = await loadWorkloads();
const INPUT = fixedInput(WORKLOADS);
const SOCKET = "/tmp/migrations/socket";
/** A run that has only to make the schema anew. The slowest takes a tenth of it on two cores. */
const SECONDS = 50;

interface Service {
  /** Runs that are interrupted, the last one by the server's end. */
  readonly kills: number;
  /** What the first process that uses the schema would write. */
  readonly row: string;
  /** Is a half-made schema with a row looked at, too? */
  readonly unfinished?: boolean;
}

const SERVICES: Readonly<Record<string, Service>> = {
  neutron: { kills: 4, row: "INSERT INTO neutron.quotas (id, project_id) VALUES ('kept', 'project')" },
  nova: { kills: 3, row: "INSERT INTO nova.services (host, `binary`) VALUES ('kept', 'nova-compute')" },
  keystone: { kills: 2, row: "INSERT INTO keystone.region (id, description) VALUES ('kept', '')" },
  glance: { kills: 3, row: "INSERT INTO glance.images (id, status) VALUES ('kept', 'queued')", unfinished: true },
  placement: { kills: 2, row: "INSERT INTO placement.resource_providers (uuid, name) VALUES ('uuid', 'kept')" },
};

interface Run {
  readonly killed: boolean;
  readonly code: number;
  readonly seconds: number;
  readonly said: string;
}
interface Kept extends Run {
  readonly differences: Readonly<Record<string, unknown>>;
}
interface Report {
  readonly interrupted: {
    readonly whole: Run;
    readonly runs: readonly (Run & { readonly part: number; readonly victim: "script" | "server" })[];
    readonly last: Run;
    readonly again: Run;
    readonly tables: readonly string[];
    readonly differences: Readonly<Record<string, unknown>>;
  };
  readonly finished: Readonly<Record<"no row" | "a row" | "the server ends", Kept>>;
  readonly unfinished?: { readonly "a row": Kept; readonly lingering: Run };
}

describe("what Jobs make in databases:", { skip, concurrency: 2 }, () => {
  let python: ImagePython;
  before(async () => (python = await imagePython("openstack", ["mariadb"])), { timeout: 300_000 });
  after(async () => python[Symbol.asyncDispose]());

  for (const [name, service] of Object.entries(SERVICES))
    test(`${name}'s schema is made, though interrupted, and kept`, { timeout: 600_000 }, async (context) => {
      const given = { ...inputOf(name), ...service, unfinished: service.unfinished === true, seed: SEED };
      const report = JSON.parse(await python.run(DRIVER, JSON.stringify(given))) as Report;
      const { runs, last } = report.interrupted;
      const moments = runs.map(
        ({ part, victim }) => `${Math.round(part * 100)} %${victim === "server" ? " (server)" : ""}`,
      );
      context.diagnostic(`seed ${SEED}; ended at ${moments.join(", ")}; made anew in ${last.seconds} s`);
      assertMade(report.interrupted);
      for (const [how, run] of Object.entries(report.finished)) assertKept(run, `finished once, ${how}`);
      if (report.unfinished === undefined) return;
      assertKept(report.unfinished["a row"], "unfinished, a row");
      assertWhole(report.unfinished.lingering, "a transaction lingers");
    });

  test("a password of random bits costs little at each login, a person's costs what keystone asks for", async () => {
    const script = `import json, sys
import keystone.conf
from keystone.common import password_hashing
from hashing import hashed_for
keystone.conf.configure()
keystone.conf.CONF([], project="keystone", default_config_files=[])
hashes = []
for password in json.load(sys.stdin):
    with hashed_for(password):
        hashes.append(password_hashing.hash_password(password))
    assert password_hashing.check_password(password, hashes[-1])
hashes.append(password_hashing.hash_password("after it"))
print(json.dumps([one[:7] for one in hashes]))`;
    const hashing = fileURLToPath(new URL("../../src/workloads/keystone/scripts/hashing.py", import.meta.url));
    // A generated one with all that it may have, a person's, the digest of a word.
    const generated = `${generateCredential("password").slice(3)}aB3`;
    const passwords = [generated, "S3cret of a person, and a rather long one", "5ebe2294ecd0e0f08eab7690d2a6ee69"];
    const hashes = JSON.parse(await python.run(script, JSON.stringify(passwords), [hashing])) as unknown;
    assert.deepEqual(hashes, ["$2b$04$", "$2b$12$", "$2b$12$", "$2b$12$"]);
  });
});

/** Every run went on until it was interrupted; after the last one all is as if nothing had been. */
function assertMade({ whole, runs, last, again, tables, differences }: Report["interrupted"]): void {
  assertWhole(whole, "undisturbed");
  assert.ok(tables.length > 10, `there are ${tables.length} tables`);
  for (const { part, killed, said } of runs)
    assert.ok(killed, `the run that was to be interrupted at ${part} ended by itself: ${said}`);
  assertWhole(last, "after the interruptions");
  assertWhole(again, "once more");
  assert.deepEqual(differences, {});
  assert.deepEqual(
    tables.filter((table) => table.includes("underpin")),
    [],
  );
}

function assertWhole({ code, seconds, said }: Run, when: string): void {
  assert.equal(code, 0, `${when}: ${said}`);
  assert.ok(seconds < SECONDS, `${when}: ${seconds} s`);
}

function assertKept({ code, differences, said }: Kept, when: string): void {
  assert.notEqual(code, 0, `${when}: the run had to fail: ${said}`);
  assert.deepEqual(differences, {}, when);
}

/** What the service's Job has in its pod, with the database behind a socket, where no TLS is spoken. */
function inputOf(name: string) {
  const objects = WORKLOADS.find((workload) => workload.name === name)?.build(INPUT) ?? [];
  const mounted = JSON.stringify(pods(objects)[`${name}-db`]?.volumes ?? []);
  const files = (kind: string): Readonly<Record<string, string>> =>
    Object.assign(
      {},
      ...objects.filter((one) => one.kind === kind && mounted.includes(`"${one.metadata.name}"`)).map(dataOf),
    );
  const config = Object.entries(files("Secret")).map(([file, text]) => [
    file,
    text.replaceAll(/@[^/\s]+\/(\w+)\?.*/g, `@localhost/$1?charset=utf8mb4&unix_socket=${SOCKET}`),
  ]);
  const keys = Object.fromEntries(["0", "1"].map((key) => [key, Buffer.alloc(32, key).toString("base64url") + "="]));
  const accounts = accountsSql(INPUT)
    .split("\n")
    .filter((line) => line.startsWith("CREATE DATABASE") || line.includes(`'${name}'@`))
    .map((line) => line.replace(" REQUIRE SSL", ""));
  const grants = accounts.flatMap((line) => /^GRANT .* ON `([^`]+)`/.exec(line)?.[1] ?? []);
  return {
    files: {
      "/tmp/migrations/scripts": files("ConfigMap"),
      [`/etc/${name}/conf.d`]: Object.fromEntries(config) as Readonly<Record<string, string>>,
      ...(name === "keystone" ? { "/etc/keystone/fernet-keys": keys, "/etc/keystone/credential-keys": keys } : {}),
    },
    databases: grants.map((database) => database.replaceAll("\\", "")),
    accounts,
    user: name,
    password: INPUT.facts.credentials[`${name}-database`]?.["password"],
  };
}

function dataOf(holder: Manifest): Readonly<Record<string, string>> {
  const data = holder["data"] as Readonly<Record<string, string>>;
  const read = (text: string): string => (holder.kind === "Secret" ? Buffer.from(text, "base64").toString() : text);
  return Object.fromEntries(Object.entries(data).map(([file, text]) => [file, read(text)]));
}
