import assert from "node:assert/strict";
import { test } from "node:test";
import { resolveService } from "../../src/api/cloud.ts";
import { writeIni } from "../../src/oslo/ini.ts";
import type { BuildInput, Manifest, OptionFacts } from "../../src/workloads/contract.ts";
import { MUTABLE_SUFFIX, optionKey, reloading, userOptions } from "../../src/workloads/kit/index.ts";
import { loadWorkloads } from "../../src/workloads/registry.ts";
import { fixedCloud, fixedInput } from "./build-input.ts";

const workloads = await loadWorkloads();
const NOVA: OptionFacts = {
  mutable: new Set([
    "DEFAULT.debug",
    "DEFAULT.log_config_append",
    "libvirt.live_migration_timeout_action",
    "ironic.conductor_group",
  ]),
  readBy: new Map([
    ["filter_scheduler.ram_weight_multiplier", ["scheduler"]],
    ["libvirt.live_migration_timeout_action", ["compute"]],
    ["libvirt.rescue_image_id", ["compute"]],
    ["DEFAULT.osapi_max_limit", ["api"]],
    ["DEFAULT.state_path", ["compute"]],
  ]),
  formed: new Map(),
};

function input(
  spec: Readonly<Record<string, unknown>>,
  options: Readonly<Record<string, OptionFacts>> = { nova: NOVA },
): BuildInput {
  const plain = fixedInput(workloads, fixedCloud(spec));
  return { ...plain, release: { ...plain.release, options } };
}

function parted(
  nova: Readonly<Record<string, unknown>>,
  component: string,
  options?: Readonly<Record<string, OptionFacts>>,
) {
  const built = input({ services: { nova } }, options);
  const resolved = resolveService(built.cloud, "nova");
  const { base, mutable } = userOptions(built, { service: "nova", resolved, component });
  return { base: writeIni(base), mutable: writeIni(mutable) };
}

const build = (spec: Readonly<Record<string, unknown>>): readonly Manifest[] =>
  workloads.flatMap((workload) => workload.build(input(spec)));

/** Controllers whose pods are others with the second Cloud. */
function rolled(before: Readonly<Record<string, unknown>>, after: Readonly<Record<string, unknown>>): string[] {
  const templates = (objects: readonly Manifest[]) =>
    new Map(
      objects
        .filter(({ kind }) => ["Deployment", "StatefulSet", "DaemonSet"].includes(kind))
        .map((object) => [object.metadata.name, JSON.stringify(object["spec"])]),
    );
  const [old, now] = [templates(build(before)), templates(build(after))];
  return [...now].filter(([name, text]) => old.get(name) !== text).map(([name]) => name);
}

test("an option that a running process takes stands in the mutable layer alone", () => {
  const options = { DEFAULT: { debug: true, osapi_max_limit: 7 } };
  assert.deepEqual(parted({ options }, "api"), {
    base: "[DEFAULT]\nosapi_max_limit = 7\n",
    mutable: "[DEFAULT]\ndebug = true\n",
  });
});

test("marked mutable is not enough: what a running process does not follow stays in the base layer", () => {
  const options = { DEFAULT: { log_config_append: "/etc/x" }, ironic: { conductor_group: "a" } };
  const { base, mutable } = parted({ options }, "compute");
  assert.match(base, /log_config_append = \/etc\/x[\s\S]*conductor_group = a/);
  assert.equal(mutable, "");
});

test("without a release's data every option is in the base layer of every process", () => {
  const options = { DEFAULT: { debug: true }, filter_scheduler: { ram_weight_multiplier: 2 } };
  const { base, mutable } = parted({ options }, "api", {});
  assert.match(base, /debug = true[\s\S]*ram_weight_multiplier = 2/);
  assert.equal(mutable, "");
});

test("what nobody checks is never taken by a running process, and reaches every process", () => {
  const uncheckedOptions = { DEFAULT: { debug: true }, libvirt: { rescue_image_id: "x" } };
  const { base, mutable } = parted({ options: { DEFAULT: { debug: false } }, uncheckedOptions }, "api");
  assert.match(base, /debug = true[\s\S]*rescue_image_id = x/);
  assert.equal(mutable, "");
});

test("a process has only the options that it reads, and those that others refer to", () => {
  const options = {
    filter_scheduler: { ram_weight_multiplier: 2 },
    DEFAULT: { state_path: "/data", my_ip: "$host", instances_path: "${state_path}/instances" },
    Libvirt: { rescue_image_id: "x" },
  };
  assert.match(parted({ options }, "scheduler").base, /ram_weight_multiplier = 2/);
  const api = parted({ options }, "api").base;
  assert.doesNotMatch(api, /ram_weight_multiplier|rescue_image_id/);
  assert.match(api, /state_path = \/data/, "instances_path refers to it");
});

test("keys are compared as oslo.config does", () => {
  assert.equal(optionKey("Libvirt", "a"), "libvirt.a");
  assert.equal(optionKey("DEFAULT", "a"), "DEFAULT.a");
});

test("a change that running processes take changes no pod; another rolls the processes that read it", () => {
  const nova = (options: unknown) => ({ services: { nova: { options } } });
  assert.deepEqual(rolled(nova({}), nova({ DEFAULT: { debug: true } })), []);
  assert.deepEqual(rolled(nova({}), nova({ libvirt: { live_migration_timeout_action: "force_complete" } })), []);
  assert.deepEqual(rolled(nova({}), nova({ filter_scheduler: { ram_weight_multiplier: 2 } })), ["nova-scheduler"]);
  assert.deepEqual(rolled(nova({}), nova({ DEFAULT: { osapi_max_limit: 5 } })), ["nova-api"]);
  assert.deepEqual(
    rolled(nova({}), nova({ DEFAULT: { log_config_append: "/x" } })).toSorted(),
    ["nova-api", "nova-compute-std", "nova-conductor", "nova-metadata", "nova-novncproxy", "nova-scheduler"].toSorted(),
  );
});

test("a pool's own option is taken by its own nodes' processes", () => {
  const pools = (options: unknown) => ({ compute: { pools: [{ name: "std", options }, { name: "big" }] } });
  const objects = build(pools({ libvirt: { live_migration_timeout_action: "force_complete" } }));
  const text = (name: string) => JSON.stringify(objects.find(({ metadata }) => metadata.name === name)?.["data"]);
  assert.match(text("nova-compute-std-mutable"), /force_complete/);
  assert.doesNotMatch(text("nova-compute-big-mutable"), /force_complete/);
  assert.deepEqual(rolled(pools({}), pools({ libvirt: { live_migration_timeout_action: "force_complete" } })), []);
});

test("every process that has a mutable layer follows it", () => {
  const objects = build({});
  for (const object of objects) {
    const spec = (object["spec"] as { template?: { spec?: { containers?: unknown; volumes?: unknown } } } | undefined)
      ?.template?.spec;
    const text = JSON.stringify(spec?.volumes ?? []);
    if (!text.includes(`${MUTABLE_SUFFIX}"`)) continue;
    assert.ok(
      text.includes(`"${object.metadata.name}${MUTABLE_SUFFIX}"`),
      `${object.metadata.name} has one of its own`,
    );
    const modules = objects.filter(({ kind, metadata }) => kind === "ConfigMap" && text.includes(`"${metadata.name}"`));
    assert.ok(
      modules.some(({ data }) => Object.keys(data ?? {}).includes("underpin_reload.py")),
      `${object.metadata.name} has the module`,
    );
  }
});

test("a program is run beside the watch, whether it is a script of Python's or a program", () => {
  const python = "/opt/openstack/bin/python";
  const expected = [python, "/opt/underpin-reload/underpin_reload.py", "/etc/nova/conf.d", "/x", "--y"];
  assert.deepEqual(reloading("nova", ["/x", "--y"]), expected);
  assert.deepEqual(reloading("nova", [python, "/x", "--y"]), expected);
});
