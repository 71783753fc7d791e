import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Verbatim, writeIni } from "../../src/oslo/ini.ts";
import { readIniEntries } from "../../src/oslo/read.ts";
import { loadClaimOf } from "../../src/cli/release-options.ts";
import { configurations, type ProcessConfiguration } from "../../src/options/configuration.ts";
import { effectiveLines, iniText } from "../../src/options/effective.ts";
import { managersOf } from "../../src/options/managers.ts";
import { type Builders, builtConfigurations } from "../../src/options/offline.ts";
import { type TracedConfiguration, Tracer } from "../../src/options/provenance.ts";
import { catalogueServices, loadCatalogue } from "../../src/releases/catalogue.ts";
import { optionFacts } from "../../src/workloads/kit/option-facts.ts";
import { loadWorkloads } from "../../src/workloads/registry.ts";
import { fixedCloud, fixedInput, SECRET_MARK } from "./build-input.ts";
import { catalogue } from "./options-catalogue.ts";

const WORKLOADS = await loadWorkloads();
const OPTIONS = Object.fromEntries(
  await Promise.all(
    (await catalogueServices("2025.1")).map(
      async (service) => [service, optionFacts(await loadCatalogue("2025.1", service))] as const,
    ),
  ),
);
const BUILDERS: Builders = { workloads: WORKLOADS, release: { name: "2025.1", options: OPTIONS } };
const CLAIM = await loadClaimOf();
const CONTEXT = { catalogue: catalogue(), inPlace: ({ name }: { name: string }) => name === "debug" };

/** nova's processes for a Cloud whose nova and pool have these fields. */
function traced(nova: object, pool: object = {}): TracedConfiguration[] {
  const cloud = fixedCloud({ services: { nova }, compute: { pools: [{ name: "std", ...pool }] } });
  const tracer = new Tracer(BUILDERS, cloud, CLAIM);
  return builtConfigurations(BUILDERS, cloud)
    .filter(({ service }) => service === "nova")
    .map((process) => tracer.trace(process));
}

function lineOf(processes: readonly TracedConfiguration[], component: string, group: string, name: string) {
  const process = processes.find((one) => one.component === component);
  return process?.lines.find((line) => line.group === group && line.name === name);
}

test("every process of every service is found, with its component", () => {
  const found = builtConfigurations(BUILDERS, fixedCloud()).map(
    ({ service, component, pool }) => `${service} ${component}${pool === undefined ? "" : ` ${pool}`}`,
  );
  for (const expected of ["nova scheduler", "nova compute std", "neutron ovn-metadata-agent", "keystone api"])
    assert.ok(found.includes(expected), `${expected} in ${found.join(", ")}`);
});

test("what is found is what the files say, one by one", () => {
  const { images, facts, cloud } = fixedInput(WORKLOADS);
  const input = { cloud, images, facts, release: { name: "2025.1" } };
  const objects = WORKLOADS.flatMap((workload) => [...workload.build(input)]);
  for (const { controller, lines } of configurations(objects)) {
    assert.ok(lines.length > 5, controller);
    for (const { file } of lines) assert.match(file, /^(10-base|20-secret|90-mutable|95-node)\.conf$/);
  }
});

test("without a user's options every line is Underpin's, and says why", () => {
  for (const { lines, component } of traced({}))
    for (const { group, name, origin } of lines) {
      assert.equal(origin.from, "underpin", `${component} ${group}.${name}`);
      assert.ok(origin.from === "underpin" && origin.why !== undefined, `${component} ${group}.${name} has no reason`);
    }
});

test("a user's line names its place in the Cloud, and what it stands instead of", () => {
  const processes = traced(
    {
      options: { DEFAULT: { debug: true }, scheduler: { workers: 3 } },
      components: [{ name: "api", options: { DEFAULT: { debug: false } } }],
      uncheckedOptions: { vendor: { magic: 1 } },
      secretOptions: [{ group: "glance", option: "key_file", secretRef: { name: "given", key: "k" } }],
    },
    { options: { DEFAULT: { debug: "pool" } } },
  );
  const path = (component: string, group: string, name: string): string | undefined => {
    const origin = lineOf(processes, component, group, name)?.origin;
    return origin?.from === "user" ? origin.path.join("/") : undefined;
  };
  assert.equal(path("scheduler", "DEFAULT", "debug"), "spec/services/nova/options/DEFAULT/debug");
  assert.equal(path("api", "DEFAULT", "debug"), "spec/services/nova/components/0/options/DEFAULT/debug");
  assert.equal(path("compute", "DEFAULT", "debug"), "spec/compute/pools/0/options/DEFAULT/debug");
  assert.equal(path("compute", "vendor", "magic"), "spec/services/nova/uncheckedOptions/vendor/magic");
  assert.equal(path("api", "glance", "key_file"), "spec/services/nova/secretOptions/0");
  assert.deepEqual(lineOf(processes, "scheduler", "scheduler", "workers")?.origin, {
    from: "user",
    path: ["spec", "services", "nova", "options", "scheduler", "workers"],
    insteadOf: ["1"],
  });
});

test("wherever options are set, each line's place holds the line's value", () => {
  const names = fc.constantFrom("one", "two", "debug");
  const options = fc.dictionary(fc.constantFrom("DEFAULT", "g"), fc.dictionary(names, fc.integer({ min: 0, max: 9 })));
  const where = fc.record({ service: options, unchecked: options, api: options, compute: options, pool: options });
  fc.assert(
    fc.property(where, ({ service, unchecked, api, compute, pool }) => {
      const components = [
        { name: "api", options: api },
        { name: "compute", options: compute },
      ];
      const nova = { options: service, uncheckedOptions: unchecked, components };
      const spec = { services: { nova }, compute: { pools: [{ name: "std", options: pool }] } };
      for (const { lines } of traced(nova, { options: pool }))
        for (const { texts, origin } of lines)
          if (origin.from === "user") {
            const [, ...path] = origin.path;
            const value = path.reduce<unknown>((inner, key) => (inner as Record<string, unknown>)[key], spec);
            assert.deepEqual(texts, [String(value)], origin.path.join("."));
          }
    }),
    { numRuns: 15 },
  );
});

test("what differs from profile to profile is the profile's", () => {
  const changed = WORKLOADS.filter(({ name }) => name === "nova").map((workload) => ({
    ...workload,
    build: (input: Parameters<typeof workload.build>[0]) =>
      workload.build(input).map((object) => withLine(object, `[probe]\nsize = ${input.cloud.spec.profile}\n`)),
  }));
  const made = { ...BUILDERS, workloads: changed };
  const cloud = fixedCloud();
  const tracer = new Tracer(made, cloud, CLAIM);
  const [process] = builtConfigurations(made, cloud) as [ProcessConfiguration];
  const line = tracer.trace(process).lines.find(({ group }) => group === "probe");
  assert.deepEqual(line?.origin, { from: "profile", profile: "Minimal" });
});

function withLine(object: ReturnType<(typeof WORKLOADS)[0]["build"]>[number], text: string) {
  const data = object["data"] as Record<string, string> | undefined;
  const base = data?.["10-base.conf"];
  return base === undefined ? object : { ...object, data: { ...data, "10-base.conf": `${base}\n${text}` } };
}

test("no secret is in what is shown, in any form", () => {
  const input = fixedInput(WORKLOADS);
  const objects = WORKLOADS.flatMap((workload) => [...workload.build(input)]);
  const tracer = new Tracer(BUILDERS, input.cloud, CLAIM);
  const processes = configurations(objects).map((process) => tracer.trace(process));
  const hidden = JSON.stringify(processes);
  assert.ok(hidden.includes(SECRET_MARK), "the files themselves have secrets");
  for (const process of processes) {
    const lines = effectiveLines([process], CONTEXT, true);
    assert.ok(!JSON.stringify(lines).includes(SECRET_MARK), process.controller);
    assert.ok(!iniText(lines).includes(SECRET_MARK), process.controller);
  }
});

test("a plain value of a secret option, and of an unknown one that is called like a secret, is not shown", () => {
  const processes = traced({
    options: { DEFAULT: { transport_url: "hidden" }, vendor: { api_token: "hidden", size: 3 } },
  });
  const lines = effectiveLines(processes, CONTEXT, false);
  assert.ok(!JSON.stringify(lines).includes("hidden"));
  assert.deepEqual(lines.find(({ name }) => name === "size")?.values, ["3"]);
});

test("defaults are shown for the processes that read the option", () => {
  const lines = effectiveLines(traced({}), CONTEXT, true);
  const ratio = lines.find(({ name }) => name === "cpu_allocation_ratio");
  assert.deepEqual(ratio?.origin, { from: "default" });
  assert.deepEqual(ratio?.processes, ["compute/std", "scheduler"]);
});

test("as INI, the lines are read back as they were", () => {
  const text = fc
    .stringMatching(/^[a-z$ {}"',=#\n]{0,20}$/)
    .filter((value) => !/\n\s*\n|\n\s|\s\n|^\s|\s$|\n$/.test(value));
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), (values) => {
      const data = Object.fromEntries(values.map((value, index) => [`o${index}`, new Verbatim(value)]));
      const entries = readIniEntries(writeIni({ DEFAULT: data }));
      const base = {
        secret: false,
        origin: { from: "underpin", owned: true },
        mutable: false,
        inPlace: false,
        processes: [],
      } as const;
      const lines = entries.map(({ group, option, text: value }) => ({
        ...base,
        group,
        name: option,
        values: [value],
      }));
      assert.deepEqual(
        readIniEntries(iniText(lines)).map((entry) => entry.text),
        entries.map((entry) => entry.text),
      );
    }),
  );
});

const MANAGED = {
  metadata: {
    managedFields: [
      {
        manager: "kubectl",
        operation: "Apply",
        fieldsV1: {
          "f:spec": {
            "f:services": { "f:nova": { "f:options": { "f:DEFAULT": { "f:debug": {} } } } },
            "f:compute": {
              "f:pools": { 'k:{"name":"std"}': { ".": {}, "f:options": { "f:DEFAULT": { "f:x": {} } } } },
            },
          },
        },
      },
      {
        manager: "argocd",
        operation: "Update",
        fieldsV1: { "f:spec": { "f:services": { "f:nova": { "f:options": { "f:DEFAULT": { "f:workers": {} } } } } } },
      },
      { manager: "underpin-operator", subresource: "status", fieldsV1: { "f:status": {} } },
    ],
  },
  spec: { compute: { pools: [{ name: "other" }, { name: "std", options: { DEFAULT: { x: 1 } } }] } },
};

test("the manager of a field is the one that owns it, items of lists by their keys", () => {
  const of = (path: string): readonly string[] => managersOf(MANAGED, path.split("."));
  assert.deepEqual(of("spec.services.nova.options.DEFAULT.debug"), ["kubectl"]);
  assert.deepEqual(of("spec.services.nova.options.DEFAULT.workers"), ["argocd"]);
  assert.deepEqual(of("spec.compute.pools.1.options.DEFAULT.x"), ["kubectl"]);
  assert.deepEqual(of("spec.services.nova.options.DEFAULT.other"), ["kubectl", "argocd"]);
  assert.deepEqual(managersOf({ metadata: {} }, ["spec"]), []);
});
