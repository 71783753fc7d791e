// What is said of a Cloud's options, with the options of the release as they are.
import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import type { CatalogueChange } from "../../src/oslo/catalogue.ts";
import { loadServiceData, OptionsJudge } from "../../src/options/index.ts";
import { judgeOptions } from "../../src/options/judge.ts";
import type { JudgeData, ServiceData } from "../../src/options/judge-data.ts";
import { MAX_ENTRIES, MAX_VALUE } from "../../src/options/judge-limits.ts";
import { loadClaims } from "../../src/options/owned.ts";
import { loadCatalogue } from "../../src/releases/catalogue.ts";

const SERVICES = ["keystone", "glance", "placement", "nova", "neutron"] as const;
type Service = (typeof SERVICES)[number];

describe("options judged by the release's catalogue", () => {
  let data: JudgeData;

  before(async () => {
    const loaded = SERVICES.map(async (name): Promise<[string, ServiceData]> => [
      name,
      { catalogue: await loadCatalogue("2025.1", name), policy: [] },
    ]);
    data = { services: new Map(await Promise.all(loaded)), claims: await loadClaims() };
  });

  /** `severity code path` of each finding, the path below the service. */
  function found(service: Service, part: object, over: Partial<ServiceData> = {}): string[] {
    const base = data.services.get(service);
    assert.ok(base !== undefined);
    const services = new Map([...data.services, [service, { ...base, ...over }]]);
    const findings = judgeOptions({ spec: { services: { [service]: part } } }, { ...data, services });
    const root = `spec.services.${service}.`;
    return findings.map(({ severity, code, path }) => `${severity} ${code} ${path.replace(root, "")}`);
  }

  function messageOf(service: Service, part: object, over: Partial<ServiceData> = {}): string {
    const base = data.services.get(service);
    assert.ok(base !== undefined);
    const services = new Map([...data.services, [service, { ...base, ...over }]]);
    return judgeOptions({ spec: { services: { [service]: part } } }, { ...data, services })[0]?.message ?? "";
  }

  test("a right option is not spoken of", () => {
    assert.deepEqual(found("nova", { options: { DEFAULT: { cpu_allocation_ratio: 4, debug: true } } }), []);
    assert.deepEqual(found("nova", { options: { filter_scheduler: { enabled_filters: ["ComputeFilter"] } } }), []);
    assert.deepEqual(found("neutron", { options: { quotas: { quota_network: -1 } } }), []);
  });

  test("unknown: what was meant, and where it is", () => {
    const misspelt = { options: { DEFAULT: { cpu_alocation_ratio: 4 } } };
    assert.deepEqual(found("nova", misspelt), ["error unknown options.DEFAULT.cpu_alocation_ratio"]);
    assert.match(messageOf("nova", misspelt), /Did you mean cpu_allocation_ratio\?/);
    const elsewhere = { options: { DEFAULT: { discover_hosts_in_cells_interval: 4 } } };
    assert.match(messageOf("nova", elsewhere), /it is in group scheduler/);
    const group = { options: { schedulr: { workers: 4, discover_hosts_in_cells_interval: 3 } } };
    assert.deepEqual(found("nova", group), ["error unknown options.schedulr"]);
    assert.match(messageOf("nova", group), /Did you mean scheduler\?/);
    const foreign = { options: { nothing_like_it: { at_all: 1 } } };
    assert.deepEqual(found("nova", foreign), ["error unknown options.nothing_like_it.at_all"]);
    assert.match(messageOf("nova", foreign), /uncheckedOptions/);
  });

  test("value: what is allowed and what was given", () => {
    const wrong = {
      options: { DEFAULT: { debug: "maybe", cpu_allocation_ratio: -1 }, libvirt: { images_type: "RBD" } },
    };
    assert.deepEqual(found("nova", wrong), [
      "error value options.DEFAULT.debug",
      "error value options.DEFAULT.cpu_allocation_ratio",
      "error value options.libvirt.images_type",
    ]);
    assert.match(messageOf("nova", wrong), /^Allowed: true or false.*given: "maybe"$/);
    assert.deepEqual(found("nova", { options: { DEFAULT: { compute_monitors: "a\u0000b" } } }), [
      "error value options.DEFAULT.compute_monitors",
    ]);
    const huge = { options: { DEFAULT: { compute_monitors: "x".repeat(MAX_VALUE + 1) } } };
    assert.match(messageOf("nova", huge), new RegExp(`at most ${MAX_VALUE} characters`));
  });

  test("references are replaced before a value is judged", () => {
    const options = { DEFAULT: { max_concurrent_builds: "$max_local_block_devices", max_local_block_devices: 5 } };
    assert.deepEqual(found("nova", { options }), []);
    const wrong = { DEFAULT: { max_concurrent_builds: "$compute_monitors", compute_monitors: "cpu" } };
    assert.deepEqual(found("nova", { options: wrong }), ["error value options.DEFAULT.max_concurrent_builds"]);
    const loop = {
      DEFAULT: {
        instance_name_template: "$injected_network_template",
        injected_network_template: "$instance_name_template",
      },
    };
    assert.deepEqual(found("nova", { options: loop }), [
      "error value options.DEFAULT.instance_name_template",
      "error value options.DEFAULT.injected_network_template",
    ]);
    assert.deepEqual(found("nova", { options: { DEFAULT: { max_concurrent_builds: "$conductor.workers" } } }), []);
  });

  test("a reference to what Underpin sets is not judged by the release's default", () => {
    const options = { DEFAULT: { max_concurrent_builds: "$state_path" } };
    assert.deepEqual(found("nova", { options }), ["warning unchecked-value options.DEFAULT.max_concurrent_builds"]);
  });

  test("owned: which field to use, by whatever name and wherever it is set", () => {
    const owned = { options: { DEFAULT: { transport_url: "rabbit://x" } } };
    assert.deepEqual(found("nova", owned), ["error owned options.DEFAULT.transport_url"]);
    assert.match(messageOf("nova", owned), /Instead use spec\.messaging$/);
    assert.match(messageOf("neutron", { options: { DEFAULT: { global_physnet_mtu: 9000 } } }), /spec\.network\.mtu/);
    assert.match(messageOf("nova", { options: { DEFAULT: { log_dir: "/tmp" } } }), /Leave it out$/);
    assert.deepEqual(found("nova", { uncheckedOptions: { DEFAULT: { host: "x" } } }), [
      "error owned uncheckedOptions.DEFAULT.host",
    ]);
    const unlisted = { options: { nova_sys_admin: { helper_command: "sudo" } } };
    assert.deepEqual(found("nova", unlisted), ["error owned options.nova_sys_admin.helper_command"]);
    const secret = {
      secretOptions: [{ group: "DEFAULT", option: "transport_url", secretRef: { name: "a", key: "b" } }],
    };
    assert.deepEqual(found("nova", secret), ["error owned secretOptions.0.option"]);
  });

  test("secret: how to refer to it", () => {
    const plain = { options: { ironic: { password: "hunter2" } } };
    assert.deepEqual(found("nova", plain), ["error secret options.ironic.password"]);
    const message = messageOf("nova", plain);
    assert.match(message, /secretOptions: \[\{group: ironic, option: password, secretRef: /);
    assert.doesNotMatch(message, /hunter2/);
    const item = { group: "ironic", option: "password", secretRef: { name: "a", key: "b" } };
    assert.deepEqual(found("nova", { secretOptions: [item] }), []);
    assert.deepEqual(found("nova", { secretOptions: [{ ...item, option: "pasword" }] }), [
      "error unknown secretOptions.0.option",
    ]);
    assert.deepEqual(found("nova", { secretOptions: [{ ...item, group: "DEFAULT", option: "debug" }] }), [
      "warning not-secret secretOptions.0.option",
    ]);
  });

  test("unchecked options are told, and a vendor's secrets go with them", () => {
    const vendor = { vendor: { address: "10.0.0.1" } };
    assert.deepEqual(found("nova", { uncheckedOptions: vendor }), [
      "warning unchecked-option uncheckedOptions.vendor.address",
    ]);
    const secretOptions = [{ group: "vendor", option: "password", secretRef: { name: "a", key: "b" } }];
    assert.deepEqual(found("nova", { secretOptions }), ["error unknown secretOptions.0.option"]);
    assert.deepEqual(found("nova", { uncheckedOptions: vendor, secretOptions }), [
      "warning unchecked-option uncheckedOptions.vendor.address",
      "warning unchecked-option secretOptions.0.option",
    ]);
    assert.match(
      messageOf("nova", { uncheckedOptions: { DEFAULT: { debug: true } } }),
      /under options it would be checked/,
    );
    assert.deepEqual(found("nova", { uncheckedOptions: { "a]b": { x: 1 } } }), ["error value uncheckedOptions.a]b.x"]);
    assert.deepEqual(found("nova", { uncheckedOptions: { vendor: { x: "a\n\nb" } } }), [
      "error value uncheckedOptions.vendor.x",
    ]);
  });

  test("removed, renamed, another default: by what differs between releases", () => {
    const change = (one: Partial<CatalogueChange>): CatalogueChange => ({
      group: "DEFAULT",
      name: "max_concurrent_builds",
      change: "removed",
      ...one,
    });
    const options = { DEFAULT: { max_concurrent_builds: 3 } };
    const next = (one: Partial<CatalogueChange>) => ({ next: { release: "2026.1", changes: [change(one)] } });
    assert.deepEqual(found("nova", { options }, next({})), [
      "warning next-removed options.DEFAULT.max_concurrent_builds",
    ]);
    const to = { group: "compute", name: "builds" };
    assert.match(
      messageOf("nova", { options }, next({ change: "renamed", to })),
      /^In 2026\.1 its name is compute\.builds$/,
    );
    assert.match(
      messageOf("nova", { options }, next({ change: "default", before: 10, after: 20 })),
      /20 instead of 10/,
    );
    assert.deepEqual(found("nova", { options }, next({ change: "added" })), []);
    const type = (max: number) => next({ change: "type", before: {}, after: { kind: "integer", max } });
    assert.deepEqual(found("nova", { options }, type(3)), []);
    assert.match(messageOf("nova", { options }, type(2)), /^In 2026\.1 the value is refused\. Allowed: .*given: "3"$/);
    const gone = { options: { DEFAULT: { gone_now: 3 } } };
    const before = { before: { release: "2024.2", changes: [change({ name: "gone_now", to })] } };
    assert.deepEqual(found("nova", gone, before), ["error removed options.DEFAULT.gone_now"]);
    assert.match(messageOf("nova", gone, before), /nova 2024\.2 had it, 2025\.1 has not\. Instead use compute\.builds/);
  });

  test("warnings: older name, the default, advanced, deprecated", () => {
    const catalogue = data.services.get("nova")?.catalogue;
    const all = (catalogue?.groups ?? []).flatMap((group) => catalogue?.options(group) ?? []);
    const free = all.filter(
      ({ secret, group, name }) => secret !== true && data.claims.ownership("nova", { group, name }) === undefined,
    );
    const older = free.find(({ olderNames = [], type }) => olderNames.length > 0 && type.kind === "boolean");
    const [name] = older?.olderNames ?? [];
    assert.ok(older !== undefined && name !== undefined);
    assert.ok(
      found("nova", { options: { [name.group]: { [name.name]: older.default !== true } } }).includes(
        `warning older-name options.${name.group}.${name.name}`,
      ),
    );
    const advanced = free.find((one) => one.advanced === true && one.type.kind === "boolean");
    if (advanced !== undefined)
      assert.ok(
        found("nova", { options: { [advanced.group]: { [advanced.name]: advanced.default !== true } } }).some((one) =>
          one.includes("advanced"),
        ),
      );
    const deprecated = free.find((one) => one.deprecated !== undefined && one.type.kind === "boolean");
    assert.ok(deprecated !== undefined);
    assert.ok(
      found("nova", { options: { [deprecated.group]: { [deprecated.name]: deprecated.default !== true } } }).some(
        (one) => one.includes("deprecated"),
      ),
    );
    assert.deepEqual(found("nova", { options: { DEFAULT: { max_concurrent_builds: 10 } } }), [
      "warning equals-default options.DEFAULT.max_concurrent_builds",
    ]);
  });

  test("the release's default is no repetition where Underpin has another, or a wider scope", () => {
    assert.deepEqual(found("nova", { options: { database: { max_retries: 10 } } }), []);
    const part = {
      options: { DEFAULT: { max_concurrent_builds: 3 } },
      components: [{ name: "compute", options: { DEFAULT: { max_concurrent_builds: 10 } } }],
    };
    assert.deepEqual(found("nova", part), []);
  });

  test("components are known, and read what they are given", () => {
    assert.deepEqual(found("nova", { components: [{ name: "schedular" }] }), ["error unknown components.0.name"]);
    assert.deepEqual(found("keystone", { components: [{ name: "api", options: { DEFAULT: { debug: 1 } } }] }), []);
    const catalogue = data.services.get("nova")?.catalogue;
    const all = (catalogue?.groups ?? []).flatMap((group) => catalogue?.options(group) ?? []);
    const narrow = all.find(({ readBy, type }) => readBy?.includes("scheduler") === false && type.kind === "boolean");
    if (narrow === undefined) return;
    const options = { [narrow.group]: { [narrow.name]: narrow.default !== true } };
    assert.ok(
      found("nova", { components: [{ name: "scheduler", options }] }).some((one) => one.startsWith("warning not-read")),
    );
  });

  test("compute pools are judged as nova-compute, over the service", () => {
    const pools = [{ name: "std", options: { libvirt: { virt_type: "kvm" }, DEFAULT: { cpu_ratio: 1 } } }];
    const findings = judgeOptions({ spec: { compute: { pools } } }, data);
    assert.deepEqual(
      findings.map(({ code, path }) => `${code} ${path}`),
      [
        "owned spec.compute.pools.0.options.libvirt.virt_type",
        "unknown spec.compute.pools.0.options.DEFAULT.cpu_ratio",
      ],
    );
  });

  test("groups that the Cloud names itself have the options of their model, backends too", () => {
    const catalogue = data.services.get("glance")?.catalogue;
    assert.ok(catalogue !== undefined);
    const listedIn = { group: "DEFAULT", name: "enabled_backends" };
    const dynamic = { catalogue: withDynamic(catalogue, [{ listedIn, like: "database" }]) };
    const part = (name: string) => ({
      options: { DEFAULT: { config_source: ["x"] }, fast: { [name]: 5 } },
      backends: [{ name: "fast", options: { [name]: 5 } }],
    });
    const own = {
      catalogue: withDynamic(catalogue, [{ listedIn: { group: "DEFAULT", name: "config_source" }, like: "database" }]),
    };
    const options = { DEFAULT: { config_source: ["fast"] }, fast: { max_pool_size: 7 } };
    assert.deepEqual(found("glance", { options }, own), []);
    assert.deepEqual(found("glance", { options: { ...options, slow: { max_pool_size: 7 } } }, own), [
      "error unknown options.slow.max_pool_size",
    ]);
    assert.deepEqual(
      found("glance", { backends: part("max_pool_size").backends }, dynamic).filter((one) => one.startsWith("error")),
      [],
    );
    assert.deepEqual(found("glance", { backends: part("max_pool_sise").backends }, dynamic), [
      "error unknown backends.0.options.max_pool_sise",
    ]);
  });

  test("what has a wrong shape is passed over: others speak of it", () => {
    const shapes = [
      null,
      1,
      "x",
      [],
      { options: 1 },
      { options: { DEFAULT: 1 } },
      { options: { DEFAULT: { debug: null } } },
      { components: {} },
      { secretOptions: [1, {}] },
      { policy: { a: 1 } },
    ];
    for (const shape of shapes)
      assert.deepEqual(
        found("nova", shape as object).filter((one) => one.startsWith("error")),
        [],
      );
    assert.deepEqual(judgeOptions(undefined, data), []);
  });

  test("nothing in a Cloud makes it throw or takes it long", () => {
    const value = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.array(fc.string(), { maxLength: 3 }),
      fc.dictionary(fc.string(), fc.string(), { maxKeys: 3 }),
      fc.constant(null),
    );
    const name = fc.oneof(fc.constantFrom("DEFAULT", "debug", "libvirt", "enabled_filters"), fc.string());
    const options = fc.dictionary(name, fc.dictionary(name, value, { maxKeys: 4 }), { maxKeys: 4 });
    const service = fc.record({ options, uncheckedOptions: options, policy: fc.dictionary(name, fc.string()) });
    fc.assert(
      fc.property(service, (part) => Array.isArray(found("nova", part))),
      { numRuns: 200 },
    );
    const many = Object.fromEntries(Array.from({ length: MAX_ENTRIES - 1 }, (_, at) => [`unknown_option_${at}`, at]));
    const start = performance.now();
    assert.equal(found("nova", { options: { DEFAULT: many } }).length, MAX_ENTRIES - 1);
    // Far less than what grows with the square of it would take, and far more than a busy machine needs.
    assert.ok(performance.now() - start < 20_000, `${performance.now() - start} ms`);
    const more = { ...many, one: 1, two: 2 };
    assert.deepEqual(found("nova", { options: { DEFAULT: more } }), ["error value options"]);
  });
});

describe("the judge of Clouds", () => {
  const spec = { release: "2025.1", services: { placement: { options: { DEFAULT: { debug: "maybe" } } } } };

  test("loads what it needs, and has nothing to say of a Cloud without options or of a release that is unknown", async () => {
    const judge = new OptionsJudge();
    assert.equal((await judge.judge({ spec })).length, 1);
    assert.deepEqual(await judge.judge({ spec: { ...spec, services: {} } }), []);
    assert.deepEqual(await judge.judge({ spec: { ...spec, release: "1999.1" } }), []);
    for (const cloud of [undefined, null, 1, [], {}, { spec: { release: 2025.1 } }])
      assert.deepEqual(await judge.judge(cloud), []);
  });

  test("says so when the Cloud's image is not the release's", async () => {
    const images = { overrides: [{ name: "openstack", image: "registry.example/openstack@sha256:0" }] };
    const [first] = await new OptionsJudge().judge({ spec: { ...spec, images } });
    assert.deepEqual([first?.code, first?.path], ["other-image", "spec.images.overrides.0.image"]);
  });

  test("data that was changed is one clear error with its file, and is read again when it is right", async () => {
    const root = await mkdtemp(join(tmpdir(), "releases-"));
    try {
      await cp(fileURLToPath(new URL("../../releases/2025.1", import.meta.url)), join(root, "2025.1"), {
        recursive: true,
      });
      const file = join(root, "2025.1", "catalogue", "placement.jsonl");
      const right = await readFile(file);
      await writeFile(file, `${right.toString()} `);
      const judge = new OptionsJudge(root);
      await assert.rejects(judge.judge({ spec }), (error: Error) => {
        assert.equal(error.name, "ReleaseError");
        assert.match(error.message, /placement\.jsonl has SHA-256/);
        return true;
      });
      await writeFile(file, right);
      assert.equal((await judge.judge({ spec })).length, 1);
    } finally {
      await rm(root, { recursive: true });
    }
  });
});

describe("the releases' own data", () => {
  const [BEFORE, AFTER] = ["2025.1", "2026.1"];
  const judge = new OptionsJudge();

  async function codes(release: string, service: string, part: object): Promise<Map<string, string[]>> {
    const findings = await judge.judge({ spec: { release, services: { [service]: part } } });
    const byPath = Map.groupBy(findings, ({ path }) => path.replace(`spec.services.${service}.`, ""));
    return new Map([...byPath].map(([path, list]) => [path, list.map(({ code }) => code)]));
  }

  test("what the next release lacks is a warning before, and an error after", async () => {
    let seen = 0;
    for (const service of SERVICES) {
      const { catalogue, next } = await loadServiceData(BEFORE, service);
      const claims = await loadClaims();
      for (const { group, name } of (next?.changes ?? []).filter(({ change }) => change === "removed")) {
        const option = catalogue.find(group, name);
        assert.ok(option !== undefined);
        const value = option.default ?? undefined;
        if (value === undefined || option.secret === true || claims.ownership(service, option) !== undefined) continue;
        const options = { [group]: { [name]: value } };
        const path = `options.${group}.${name}`;
        assert.ok(
          (await codes(BEFORE, service, { options })).get(path)?.includes("next-removed"),
          `${service} ${path}`,
        );
        assert.deepEqual((await codes(AFTER, service, { options })).get(path), ["removed"], `${service} ${path}`);
        seen += 1;
      }
    }
    assert.ok(seen > 5, `${seen} options`);
  });

  test("every rule's default is read, refers to what there is, and is told to be the default", async () => {
    for (const release of [BEFORE, AFTER]) {
      for (const service of SERVICES) {
        const { policy = [] } = await loadServiceData(release, service);
        assert.ok(policy.length > 10, `${service} has ${policy.length} rules`);
        const given = Object.fromEntries(policy.map((rule) => [rule.name, rule.default]));
        const found = await codes(release, service, { policy: given });
        const others = [...found].filter(([, list]) =>
          list.some((code) => !["equals-default", "deprecated"].includes(code)),
        );
        assert.deepEqual(others, [], service);
        assert.equal(found.size, policy.length);
      }
    }
  });

  test("every option's default is taken, of whatever type it is", async () => {
    for (const release of [BEFORE, AFTER]) {
      for (const service of SERVICES) {
        const { catalogue } = await loadServiceData(release, service);
        const claims = await loadClaims();
        const all = catalogue.groups.flatMap((group) => catalogue.options(group));
        const free = all.filter((one) => one.secret !== true && claims.ownership(service, one) === undefined);
        const options: Record<string, Record<string, unknown>> = {};
        for (const { group, name, default: value } of free)
          if (value !== undefined && value !== null && JSON.stringify(value) !== "[]")
            (options[group] ??= {})[name] = value;
        const findings = await judge.judge({ spec: { release, services: { [service]: { options } } } });
        assert.deepEqual(
          findings.filter(({ severity }) => severity === "error").map(({ path, message }) => `${path}: ${message}`),
          [],
        );
      }
    }
  });
});

/** The catalogue with other groups of the operator's choice. */
function withDynamic(
  catalogue: ServiceData["catalogue"],
  dynamic: ServiceData["catalogue"]["dynamic"],
): ServiceData["catalogue"] {
  const { release, service, image, components, groups } = catalogue;
  return {
    release,
    service,
    image,
    components,
    groups,
    dynamic,
    find: (group, name) => catalogue.find(group, name),
    options: (group) => catalogue.options(group),
  };
}
