import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { Ajv } from "ajv";
import fc from "fast-check";
import { parse } from "yaml";
import { loadClaimOf } from "../../src/cli/release-options.ts";
import { judgeCloud } from "../../src/api/findings.ts";
import { cloudJsonSchema } from "../../src/options/schema.ts";
import { optionSchema } from "../../src/options/schema-types.ts";
import { judgeValue, type OptionValue } from "../../src/oslo/judge.ts";
import { catalogueServices, loadCatalogue } from "../../src/releases/catalogue.ts";
import { LAPTOP } from "./build-input.ts";
import { arbitraryCloud } from "./arbitrary-cloud.ts";

const RELEASE = "2025.1";
const claimOf = await loadClaimOf();
const SERVICES = await Promise.all(
  (await catalogueServices(RELEASE)).map(async (service) => ({
    catalogue: await loadCatalogue(RELEASE, service),
    claim: claimOf.bind(undefined, service),
    inPlace: ({ name }: { readonly name: string }) => name === "debug",
    policy: [{ name: `os_${service}:list`, default: "rule:admin", description: "Who may list." }],
  })),
);
const SCHEMA = cloudJsonSchema(RELEASE, SERVICES);
// What editors know beyond the standard is no mistake; everything else that the standard does not know is.
const AJV = new Ajv({
  allErrors: true,
  allowUnionTypes: true,
  strictTypes: false,
  strict: true,
  inlineRefs: false,
  code: { optimize: false },
});
AJV.addVocabulary(["deprecationMessage"]);
const validate = AJV.compile(SCHEMA);

/** Places at which the schema refuses the laptop's Cloud with these services, pools and fields. */
function refused(services: object, more: object = {}): string[] {
  const cloud = { ...LAPTOP, spec: { ...LAPTOP.spec, ...more, services } };
  validate(cloud);
  return [...new Set((validate.errors ?? []).map(({ instancePath }) => instancePath))];
}

const nova = (options: object) => refused({ nova: { options } });
const OPTIONS = "/spec/services/nova/options";

test("the schema is one that a strict validator takes, and each example is right by it", () => {
  assert.equal(AJV.validateSchema(SCHEMA), true);
  const examples = globSync("examples/*.yaml");
  assert.ok(examples.length > 0);
  for (const file of examples) assert.ok(validate(parse(readFileSync(file, "utf8"))), file);
});

test("right options are right, in each form that oslo.config reads", () => {
  const right = {
    DEFAULT: { debug: true, cpu_allocation_ratio: 4, reserved_host_memory_mb: "512", instances_path: "$state_path/i" },
    filter_scheduler: { enabled_filters: ["ComputeFilter"] },
    libvirt: { cpu_mode: "host-model", cpu_models: "a,b" },
    pci: { alias: ['{"name": "gpu"}'] },
  };
  assert.deepEqual(nova(right), []);
  assert.deepEqual(refused({ nova: { components: [{ name: "scheduler", options: right }] } }), []);
  assert.deepEqual(refused({}, { compute: { pools: [{ name: "std", options: right }] } }), []);
});

test("misspelt, wrong, owned and plain secret options are refused at their place", () => {
  assert.deepEqual(nova({ DEFAULT: { debgu: true } }), [`${OPTIONS}/DEFAULT`]);
  assert.ok(nova({ DEFAULT: { debug: "maybe" } }).includes(`${OPTIONS}/DEFAULT/debug`));
  assert.ok(nova({ DEFAULT: { reserved_host_memory_mb: -1 } }).includes(`${OPTIONS}/DEFAULT/reserved_host_memory_mb`));
  assert.ok(nova({ libvirt: { cpu_mode: "fast" } }).includes(`${OPTIONS}/libvirt/cpu_mode`));
  assert.ok(nova({ DEFAULT: { transport_url: "rabbit://x" } }).includes(`${OPTIONS}/DEFAULT/transport_url`));
  assert.ok(nova({ DEFAULT: { transport_url: "rabbit://x" } }).length > 0);
  assert.ok(nova({ barbican_service_user: { password: "x" } }).includes(`${OPTIONS}/barbican_service_user/password`));
  assert.deepEqual(refused({ nova: { components: [{ name: "schedulr" }] } }), [
    "/spec/services/nova/components/0/name",
  ]);
  assert.deepEqual(refused({ nova: { replcas: 2 } }), ["/spec/services/nova"]);
  assert.deepEqual(refused({ nova: { policy: { "os_nova:list": 1 } } }), ["/spec/services/nova/policy/os_nova:list"]);
});

test("an editor is told what an option is, and what is past", () => {
  const group = (name: string) =>
    (SCHEMA["definitions"] as Record<string, { properties: Record<string, object> }>)[name];
  const described = group("nova.DEFAULT")?.properties as Record<string, { description: string }>;
  const description = (name: string): string => described[name]?.description ?? "";
  assert.match(description("debug"), /DEBUG[^]* Takes effect without a restart\.$/);
  assert.match(description("reserved_host_memory_mb"), /memory[^]*\n\nDefault: 512\.$/);
  const older = group("keystone.DEFAULT")?.properties["logfile"];
  assert.match(
    JSON.stringify(older),
    /"deprecated":true,"deprecationMessage":"Older name of DEFAULT\.log_file: write that\."/,
  );
  assert.match(description("transport_url"), /^Underpin sets this option: .* Use spec\.messaging\.$/);
});

test("a Cloud that the API takes is taken by the schema, whatever is in it but options", () => {
  fc.assert(
    fc.property(arbitraryCloud(), (cloud) => {
      const spec = cloud.spec as { services?: Record<string, object>; compute?: { pools?: object[] } };
      const services = Object.fromEntries(
        Object.entries(spec.services ?? {}).map(([name, service]) => [
          name,
          { ...service, options: {}, components: [] },
        ]),
      );
      const pools = (spec.compute?.pools ?? []).map((pool) => ({ ...pool, options: {} }));
      const bare = { ...cloud, spec: { ...spec, services, compute: { ...spec.compute, pools } } };
      assert.deepEqual(judgeCloud(bare), []);
      assert.ok(validate(bare), JSON.stringify(validate.errors));
    }),
    { numRuns: 200 },
  );
});

test("no value that oslo.config takes is refused by the schema", async () => {
  const later = await Promise.all((await catalogueServices("2026.1")).map((name) => loadCatalogue("2026.1", name)));
  const options = [...SERVICES.map(({ catalogue }) => catalogue), ...later].flatMap((catalogue) =>
    catalogue.groups.flatMap((group) => [...catalogue.options(group)]),
  );
  const validators = new Map<string, (value: unknown) => boolean>();
  const words = fc.constantFrom<OptionValue>(
    "1",
    "0",
    "-1",
    "true",
    "No",
    "ON",
    "a,b",
    "a:1",
    "1_000",
    " 5 ",
    "nan",
    "1e3",
    "٣",
    "0.5",
    "::1",
    "host",
    "http://h",
    "[a,b]",
    "1-5",
    "",
    "+7",
  );
  const scalar = fc.oneof(
    words,
    fc.integer({ min: -5, max: 70000 }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.string({ maxLength: 8 }),
  );
  const values = fc.oneof(
    { weight: 4, arbitrary: scalar },
    fc.array(scalar as fc.Arbitrary<string>, { maxLength: 3 }),
    fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), scalar as fc.Arbitrary<string>, { maxKeys: 3 }),
  );
  let taken = 0;
  const check = (option: (typeof options)[number], value: OptionValue): void => {
    if (judgeValue(option, value).verdict !== "accept") return;
    taken += 1;
    const schema = optionSchema(option);
    const key = JSON.stringify(schema);
    const accepts = validators.get(key) ?? AJV.compile(schema);
    validators.set(key, accepts);
    assert.ok(accepts(value), `${option.group}.${option.name} ${JSON.stringify(value)} ${key}`);
  };
  fc.assert(fc.property(fc.constantFrom(...options), values as fc.Arbitrary<OptionValue>, check), { numRuns: 6000 });
  for (const option of options)
    if (option.default !== undefined && option.default !== null) check(option, option.default as OptionValue);
  assert.ok(taken > 3000, `${taken} values were taken`);
});
