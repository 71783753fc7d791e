import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { stringify } from "yaml";
import { readIni } from "../../src/oslo/read.ts";
import type { CatalogInput } from "../../src/openstack/catalog.ts";
import type { BuildInput, Manifest, Workload } from "../../src/workloads/contract.ts";
import { workload as glance } from "../../src/workloads/glance/workload.ts";
import { workload as keystone } from "../../src/workloads/keystone/workload.ts";
import { catalogInput } from "../../src/workloads/kit/catalog.ts";
import { workload as placement } from "../../src/workloads/placement/workload.ts";
import { loadWorkloads } from "../../src/workloads/registry.ts";
import { fixedCloud, fixedInput, SECRET_MARK } from "./build-input.ts";

const WORKLOADS: readonly Workload[] = [keystone, glance, placement];
/** Every workload: keystone knows the users of them all. */
const ALL = await loadWorkloads();
const PORTS: Readonly<Record<string, number>> = { keystone: 5000, glance: 9292, placement: 8778 };
const GOLDEN = new URL("../golden/", import.meta.url);

function build(workload: Workload, services: Readonly<Record<string, unknown>> = {}): readonly Manifest[] {
  return workload.build(fixedInput(ALL, fixedCloud({ services })));
}

function named(objects: readonly Manifest[], kind: string): readonly string[] {
  return objects.filter((one) => one.kind === kind).map(({ metadata }) => metadata.name);
}

/** The pod of the Deployment or Job. */
function podOf(objects: readonly Manifest[], kind: string): Pod {
  const found = objects.find((one) => one.kind === kind) as unknown as { spec: { template: { spec: Pod } } };
  return found.spec.template.spec;
}

interface Pod {
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly containers: readonly { command: string[]; securityContext: unknown; readinessProbe?: unknown }[];
  readonly volumes: readonly Readonly<Record<string, unknown>>[];
}

/** A file of the objects that hold content, decoded. */
function file(objects: readonly Manifest[], name: string, prefix: string): string {
  const holder = objects.find(
    (one) => one.metadata.name.startsWith(prefix) && name in ((one["data"] as object | undefined) ?? {}),
  );
  const data = (holder?.["data"] ?? {}) as Readonly<Record<string, string>>;
  const text = data[name] ?? "";
  return holder?.kind === "Secret" ? Buffer.from(text, "base64").toString() : text;
}

/** What a reviewer sees; set UNDERPIN_GOLDEN=write to write it anew. */
function checkGolden(name: string, input: BuildInput, objects: readonly Manifest[], workload: Workload): void {
  const text = stringify({ objects, steps: workload.procedure(input, objects) }, { aliasDuplicateObjects: false });
  const path = new URL(`${name}.yaml`, GOLDEN);
  if (process.env["UNDERPIN_GOLDEN"] === "write") {
    mkdirSync(GOLDEN, { recursive: true });
    writeFileSync(path, text);
  }
  assert.equal(text, readFileSync(path, "utf8"), `${name} is built otherwise than test/golden/${name}.yaml says`);
}

for (const workload of WORKLOADS) {
  const { name } = workload;

  test(`${name} is built as the golden file says, and the same twice`, () => {
    const input = fixedInput(ALL);
    const objects = workload.build(input);
    assert.deepEqual(workload.build(input), objects);
    checkGolden(name, input, objects, workload);
  });

  test(`${name} has its secrets in Secrets alone`, () => {
    const objects = build(workload);
    const open = objects.filter(({ kind }) => kind !== "Secret");
    assert.ok(!JSON.stringify(open).includes(SECRET_MARK));
    const secrets = objects.filter(({ kind }) => kind === "Secret");
    const values = secrets.flatMap((one) => Object.values(one["data"] as Record<string, string>));
    assert.ok(values.some((value) => Buffer.from(value, "base64").includes(SECRET_MARK)));
  });

  test(`${name} keeps to names of 63 characters and the restricted level`, () => {
    const objects = build(workload);
    for (const { metadata } of objects) assert.ok(metadata.name.length <= 63, metadata.name);
    for (const kind of ["Deployment", "Job"]) {
      const pod = podOf(objects, kind);
      assert.equal(pod.securityContext["runAsNonRoot"], true);
      assert.deepEqual(pod.securityContext["seccompProfile"], { type: "RuntimeDefault" });
      for (const { securityContext } of pod.containers)
        assert.deepEqual(securityContext, {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        });
      const kinds = pod.volumes.flatMap((volume) => Object.keys(volume).filter((key) => key !== "name"));
      const allowed = ["configMap", "emptyDir", "persistentVolumeClaim", "projected", "secret"];
      for (const one of kinds) assert.ok(allowed.includes(one), one);
    }
  });

  test(`${name}: every object that a pod mounts is built, a credential or the authority's`, () => {
    const objects = build(workload);
    const known = [
      ...["ConfigMap", "Secret", "PersistentVolumeClaim"].flatMap((kind) => named(objects, kind)),
      ...workload.credentials(fixedCloud()).map((request) => request.name),
      "underpin-ca",
    ];
    for (const kind of ["Deployment", "Job"]) {
      const text = JSON.stringify(podOf(objects, kind).volumes);
      const names = [...text.matchAll(/"(?:secretName|claimName)":"([^"]+)"|Map":\{"name":"([^"]+)"/g)];
      assert.ok(names.length > 0);
      for (const [, first, second] of names) assert.ok(known.includes(first ?? second ?? ""), `${first ?? second}`);
    }
  });

  test(`${name}'s Service leads to its port, without an address of its own`, () => {
    const found = build(workload).find(({ kind }) => kind === "Service") as unknown as {
      metadata: { name: string };
      spec: { clusterIP: string; ports: { port: number }[] };
    };
    assert.equal(found.metadata.name, name);
    assert.equal(found.spec.clusterIP, "None");
    assert.deepEqual(
      found.spec.ports.map(({ port }) => port),
      [PORTS[name]],
    );
  });

  test(`${name}: a user's options stand in the base layer and do not run the database's Job again`, () => {
    const service = {
      options: { DEFAULT: { debug: true } },
      components: [{ name: "api", options: { own: { a: 1 } } }],
    };
    const plain = build(workload);
    const changed = build(workload, { [name]: service });
    const base = readIni(file(changed, "10-base.conf", `${name}-base`));
    assert.deepEqual([base["DEFAULT"]?.["debug"], base["own"]?.["a"]], [["true"], ["1"]]);
    assert.deepEqual(named(changed, "Job"), named(plain, "Job"));
    assert.notDeepEqual(podOf(changed, "Deployment"), podOf(plain, "Deployment"));
  });

  test(`${name}: a new database password runs the Job again`, () => {
    const input = fixedInput(ALL);
    const credentials = { ...input.facts.credentials, [`${name}-database`]: { password: "another" } };
    const changed = workload.build({ ...input, facts: { ...input.facts, credentials } });
    assert.notDeepEqual(named(changed, "Job"), named(workload.build(input), "Job"));
  });

  test(`${name} that is disabled has no objects, steps or credentials`, () => {
    const cloud = fixedCloud({ services: { [name]: { enabled: false } } });
    const input = fixedInput(ALL, cloud);
    assert.deepEqual(workload.build(input), []);
    assert.deepEqual(workload.procedure(input, []), []);
    assert.deepEqual(workload.credentials(cloud), []);
  });

  test(`${name}: several replicas have a disruption budget, and a rolling change takes none away first`, () => {
    const objects = build(workload, { [name]: { replicas: 2 } });
    assert.equal(named(objects, "PodDisruptionBudget").length, 1);
    assert.match(JSON.stringify(objects), /"maxUnavailable":0,"maxSurge":1/);
  });

  test(`${name}: the policy's rules and secret options reach the files`, () => {
    const cloud = fixedCloud({
      services: {
        [name]: {
          policy: { "a:b": "role:reader" },
          secretOptions: [{ group: "g", option: "o", secretRef: { name: "mine", key: "k" } }],
        },
      },
    });
    const input = fixedInput(ALL, cloud);
    const credentials = { ...input.facts.credentials, mine: { k: `${SECRET_MARK}-mine` } };
    const objects = workload.build({ ...input, facts: { ...input.facts, credentials } });
    assert.equal(file(objects, "policy.yaml", `${name}-base`), '"a:b": "role:reader"\n');
    assert.deepEqual(readIni(file(objects, "20-secret.conf", `${name}-secret`))["g"], { o: [`${SECRET_MARK}-mine`] });
  });
}

test("every object is applied by one step at most, and each step's objects are built", () => {
  for (const workload of WORKLOADS) {
    const input = fixedInput(ALL);
    const objects = workload.build(input);
    const keys = objects.map(({ kind, metadata }) => `${kind}/${metadata.namespace ?? ""}/${metadata.name}`);
    const applied = workload.procedure(input, objects).flatMap((step) => (step.type === "apply" ? step.objects : []));
    assert.equal(new Set(applied).size, applied.length);
    for (const key of applied) assert.ok(keys.includes(key), key);
    assert.ok(applied.some((key) => key.startsWith("Job/")) && applied.some((key) => key.startsWith("Deployment/")));
  }
});

test("the catalogue has every enabled service with its user and the witness, as the API's client wants it", () => {
  const request = catalogInput(fixedInput(ALL));
  const wanted: CatalogInput = { ...request, users: request.users.map((user) => ({ ...user, password: "x" })) };
  assert.equal(wanted.region, "RegionOne");
  assert.deepEqual(
    request.services.map(({ name, type, endpoints }) => [name, type, endpoints.public]),
    [
      ["glance", "image", "https://10.90.0.11:30443/image"],
      ["keystone", "identity", "https://10.90.0.11:30443/identity/v3"],
      ["neutron", "network", "https://10.90.0.11:30443/network"],
      ["nova", "compute", "https://10.90.0.11:30443/compute/v2.1"],
      ["placement", "placement", "https://10.90.0.11:30443/placement"],
    ],
  );
  assert.deepEqual(
    request.users.map(({ name, project, roles }) => `${name} ${project} ${roles.join("+")}`),
    [
      "glance service admin+service",
      "neutron service admin+service",
      "nova service admin+service",
      "placement service admin+service",
      "witness underpin-witness member",
    ],
  );
  const without = catalogInput(fixedInput(ALL, fixedCloud({ services: { glance: { enabled: false } } })));
  assert.ok(!JSON.stringify(without).includes("glance"));
});

test("keystone's database is given what the catalogue is checked against, and every user's password", () => {
  const objects = build(keystone);
  const given = JSON.parse(file(objects, "catalog.json", "keystone-db")) as CatalogInput;
  assert.deepEqual(given, catalogInput(fixedInput(ALL)));
  for (const { name } of given.users) assert.notEqual(file(objects, `password-${name}`, "keystone-db"), "", name);
});
