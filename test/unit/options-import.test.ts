import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { stringify } from "yaml";
import { loadClaimOf } from "../../src/cli/release-options.ts";
import { importSummary, importTable, secretLines } from "../../src/cli/render/import.ts";
import { type ImportContext, ImportError, type ImportFile, importFiles } from "../../src/options/import.ts";
import { ownerOf } from "../../src/options/import-files.ts";
import { importedValue } from "../../src/options/import-value.ts";
import { judgeOptions } from "../../src/options/judge.ts";
import { loadClaims } from "../../src/options/owned.ts";
import { judgeTexts, judgeValue } from "../../src/oslo/judge.ts";
import { hasReference } from "../../src/oslo/references.ts";
import { catalogueServices, loadCatalogue } from "../../src/releases/catalogue.ts";
import { LAPTOP } from "./build-input.ts";
import { catalogue } from "./options-catalogue.ts";

const CONTEXT: ImportContext = {
  catalogue: catalogue(),
  claim: ({ name }) =>
    name === "transport_url" ? { kind: "owned", why: "it is ours", field: "spec.messaging" } : undefined,
  removed: ({ name }) => (name === "gone" ? "2024.1 had it" : undefined),
};

function imported(...texts: readonly (string | readonly [component: string, text: string])[]) {
  const files = texts.map((given, index): ImportFile => {
    const [component, text] = typeof given === "string" ? [undefined, given] : given;
    return { service: "nova", ...(component === undefined ? {} : { component }), file: `${index}.conf`, text };
  });
  return importFiles(files, new Map([["nova", CONTEXT]]));
}

test("each line has its fate, and what is kept is typed", () => {
  const { services, lines } = imported(`[DEFAULT]
debug = True
debug = false
cpu_allocation_ratio = 4
logfile = x.log
transport_url = rabbit://user:hidden@host
pci_filter = a
pci_filter: b
nonsense = 1
gone = 1
[conductor]
workers = 2
[scheduler]
workers = many
[libvirt]
cpu_models = a,b
virt_type = $neutron.password
[neutron]
password = "hidden"
`);
  assert.deepEqual(
    lines.map(({ line, fate, note }) => `${line} ${fate} ${note}`.trim()),
    [
      "2 overridden line 3 counts",
      "3 default",
      "4 kept",
      "5 renamed now DEFAULT.log_file",
      "6 owned it is ours; use spec.messaging",
      "7 kept",
      "8 kept",
      "9 unknown",
      "10 removed 2024.1 had it",
      "12 default",
      '14 refused a whole number of at least 0; given: "many"',
      "16 kept",
      "17 kept refers to another option",
      "19 secret",
    ],
  );
  assert.deepEqual(services, {
    nova: {
      options: {
        DEFAULT: { cpu_allocation_ratio: 4, log_file: "x.log", pci_filter: ["a", "b"] },
        libvirt: { cpu_models: ["a", "b"], virt_type: "$neutron.password" },
      },
      secretOptions: [
        { group: "neutron", option: "password", secretRef: { name: "nova-options", key: "neutron.password" } },
      ],
    },
  });
});

test("a secret's value is in none of the outputs, and is what the Secret gets", () => {
  const { secrets, ...told } = imported("[neutron]\npassword = hidden\n[DEFAULT]\ntransport_url = hidden\n");
  assert.deepEqual(
    secrets.map(({ key, value }) => [key, value]),
    [["neutron.password", "hidden"]],
  );
  const texts = [importTable(told.lines), importSummary(told.lines), secretLines(secrets, "laptop", undefined)];
  assert.ok(!JSON.stringify([told, texts]).includes("hidden"));
  assert.match(
    secretLines(secrets, "laptop", undefined).join("\n"),
    /create secret generic nova-options --from-file=neutron\.password=FILE/,
  );
});

test("components share what they all say, and keep what differs, a default too", () => {
  const { services } = imported(
    ["api", "[DEFAULT]\ndebug = true\ncpu_allocation_ratio = 4\n[conductor]\nworkers = 2\n"],
    ["compute", "[DEFAULT]\ndebug = true\n[conductor]\nworkers = 3\n"],
  );
  assert.deepEqual(services["nova"], {
    options: { DEFAULT: { debug: true } },
    components: [
      { name: "api", options: { DEFAULT: { cpu_allocation_ratio: 4 }, conductor: { workers: 2 } } },
      { name: "compute", options: { conductor: { workers: 3 } } },
    ],
  });
});

test("of two files the later counts; two secrets that differ are told", () => {
  assert.deepEqual(imported("[conductor]\nworkers = 3", "[conductor]\nworkers = 4").services["nova"]?.options, {
    conductor: { workers: 4 },
  });
  const { lines } = imported(["api", "[neutron]\npassword = one"], ["compute", "[neutron]\npassword = two"]);
  assert.deepEqual(
    lines.map(({ file, fate }) => `${file} ${fate}`),
    ["0.conf refused", "1.conf secret"],
  );
});

test("groups that a file names have the options of their model, and go where the option goes that lists them", () => {
  const options = [
    { group: "DEFAULT", name: "enabled_backends", type: { kind: "list", item: { kind: "string" } } },
    { group: "backend", name: "pool", type: { kind: "string" } },
  ] as const;
  const dynamic = [{ listedIn: { group: "DEFAULT", name: "enabled_backends" }, like: "backend" }];
  const text = "[DEFAULT]\nenabled_backends = fast\n[fast]\npool = a\n[slow]\npool = b\n";
  const fates = (claim: ImportContext["claim"]): string[] => {
    const context = { ...CONTEXT, claim, catalogue: catalogue(options, "2025.1", "nova", dynamic) };
    const { lines } = importFiles([{ service: "nova", file: "x", text }], new Map([["nova", context]]));
    return lines.map(({ line, fate }) => `${line} ${fate}`);
  };
  assert.deepEqual(
    fates(() => undefined),
    ["2 kept", "4 kept", "6 unknown"],
  );
  assert.deepEqual(
    fates(({ name }) => (name === "enabled_backends" ? { kind: "owned", why: "ours" } : undefined)),
    ["2 owned", "4 owned", "6 unknown"],
  );
});

test("a broken file is told with its place, and nothing of it is shown", () => {
  for (const [text, place] of [
    ["[DEFAULT]\ndebug\n", "0.conf:2: the line has neither '=' nor ':'"],
    ["debug = 1\n", "0.conf:1: the line stands before the first group"],
    ["[DEFAULT\n", "0.conf:1: the line is not a group like [DEFAULT]"],
    ["[a]\n  hidden\n", "0.conf:2: the line continues no option"],
  ] as const)
    assert.throws(
      () => imported(text),
      (error: unknown) => error instanceof ImportError && error.message === place,
    );
});

test("the service and component of a file are told by its path as other tools write it", () => {
  const services = { nova: ["api", "compute"], neutron: ["api", "ovn-metadata-agent"], glance: ["api"] };
  const owner = (path: string): string => {
    const { service, component } = ownerOf(path, services) ?? { service: "?" };
    return component === undefined ? service : `${service} ${component}`;
  };
  const paths = {
    "/etc/nova/nova.conf": "nova",
    "/etc/nova/nova-cpu.conf": "nova compute",
    "/etc/kolla/nova-compute/nova.conf": "nova compute",
    "/etc/glance/glance-api.conf": "glance",
    "/etc/neutron/plugins/ml2/ml2_conf.ini": "neutron",
    "/etc/kolla/neutron-server/ml2_conf.ini": "neutron",
    "/etc/neutron/neutron_ovn_metadata_agent.ini": "neutron ovn-metadata-agent",
    "ml2_conf.ini": "?",
    "/etc/novanet/other.conf": "?",
  };
  for (const [path, expected] of Object.entries(paths)) assert.equal(owner(path), expected, path);
  assert.deepEqual(ownerOf("ml2_conf.ini", services, "neutron"), { service: "neutron" });
});

const RELEASE = "2025.1";
const CATALOGUES = await Promise.all((await catalogueServices(RELEASE)).map((name) => loadCatalogue(RELEASE, name)));
const FIXTURES = fileURLToPath(new URL("../fixtures/import/", import.meta.url));

for (const tool of ["kolla", "devstack", "openstack-helm"])
  test(`configuration in the style of ${tool} becomes a Cloud that is right`, async () => {
    const claimOf = await loadClaimOf();
    const components = Object.fromEntries(CATALOGUES.map((one) => [one.service, one.components]));
    const files = globSync(`${tool}/**/*.{conf,ini}`, { cwd: FIXTURES })
      .toSorted()
      .map((file) => {
        const owner = ownerOf(file, components);
        assert.ok(owner !== undefined, file);
        return { ...owner, file, text: readFileSync(join(FIXTURES, file), "utf8") };
      });
    const contexts = CATALOGUES.map((one): [string, ImportContext] => [
      one.service,
      { catalogue: one, claim: (name) => claimOf(one.service, name), removed: () => undefined },
    ]);
    const { services, lines } = importFiles(files, new Map(contexts));
    assert.ok(lines.length > 10);
    const cloud = { ...LAPTOP, spec: { ...LAPTOP.spec, services } };
    const data = { services: new Map(CATALOGUES.map((one) => [one.service, { catalogue: one, policy: [] }])) };
    const findings = judgeOptions(cloud, { ...data, claims: await loadClaims() });
    assert.deepEqual(
      findings.filter(({ severity }) => severity === "error"),
      [],
    );
    assert.ok(!stringify({ services, lines }).includes("-pw"), "no password of the files is shown");
  });

test("whatever a file says, the Cloud's value is what oslo.config has of it", () => {
  const options = CATALOGUES.flatMap((one) => one.groups.flatMap((group) => [...one.options(group)]));
  const plain = options.filter(({ secret }) => secret !== true);
  assert.ok(plain.length > 1000);
  const words = fc.constantFrom(
    "1",
    "0",
    "-1",
    "true",
    "No",
    "a,b",
    "a:1,b:2",
    "1_000",
    " 5 ",
    '"x"',
    "nan",
    "::1",
    "[a]",
    "$x",
    "1e3",
    "",
  );
  const texts = fc.array(fc.oneof(words, fc.string({ maxLength: 12 })), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(fc.constantFrom(...plain), texts, (option, given) => {
      const found = importedValue(option, given);
      if (found.type === "refused" || given.some(hasReference)) return;
      assert.deepEqual(judgeValue(option, found.value), judgeTexts(option, given));
    }),
    { numRuns: 5000 },
  );
});

test("any text is imported with one fate a line, or refused with its line; no secret gets out", () => {
  const name = fc.constantFrom(
    "debug",
    "password",
    "workers",
    "pci_filter",
    "logfile",
    "nonsense",
    "cpu_models",
    "a b",
  );
  const value = fc.oneof(
    fc.string({ maxLength: 10 }),
    fc.constantFrom("true", "1", "a,b", "$x", "hidden", '"', "é\u0000", "[x]"),
  );
  const line = fc.oneof(
    fc.constantFrom("", "# text", "[DEFAULT]", "[neutron]", "[conductor]", "[", "[]", "[a]b"),
    fc.tuple(name, fc.constantFrom("=", ":", " = ", ""), value).map((parts) => parts.join("")),
    value.map((text) => `  ${text}`),
    fc.constant("password = hidden"),
  );
  let read = 0;
  fc.assert(
    fc.property(fc.array(line, { maxLength: 15 }), (made) => {
      const text = ["[DEFAULT]", ...made].join("\n");
      try {
        const { lines, services, secrets } = imported(text);
        read += 1;
        const places = lines.map((one) => one.line);
        assert.equal(new Set(places).size, places.length);
        assert.deepEqual(
          places,
          [...places].sort((a, b) => a - b),
        );
        assert.ok(places.every((at) => at > 1 && at <= made.length + 1));
        const out = JSON.stringify([
          lines.filter(({ name: option }) => option === "password"),
          services["nova"]?.secretOptions,
        ]);
        for (const { value: secret } of secrets) if (secret === "hidden") assert.ok(!out.includes(secret));
      } catch (error) {
        if (!(error instanceof ImportError)) throw error;
        assert.ok(error.line >= 1 && error.line <= made.length + 1);
      }
    }),
    { numRuns: 2000 },
  );
  assert.ok(read > 100, `${read} were read`);
});
