import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { explainLines } from "../../src/cli/render/explain.ts";
import type { OptionType } from "../../src/oslo/catalogue.ts";
import { explain, type ExplainContext, type Explanation, parseTarget } from "../../src/options/explain.ts";
import { typeWords, wrapHelp } from "../../src/options/words.ts";
import { judgeValue, type OptionValue } from "../../src/oslo/judge.ts";
import { catalogueChanges } from "../../src/releases/changes.ts";
import { catalogueServices, loadCatalogue } from "../../src/releases/catalogue.ts";
import { catalogue, OPTIONS } from "./options-catalogue.ts";

const CONTEXT: ExplainContext = {
  catalogue: catalogue(),
  inPlace: ({ name }) => name === "debug",
  claim: ({ group, name }) => {
    if (name === "transport_url") return { kind: "owned", why: "the bus is Underpin's", field: "spec.messaging" };
    return group === "scheduler" ? { kind: "preset", why: "one process a pod" } : undefined;
  },
};

function lines(rest: string, context: ExplainContext = CONTEXT): string {
  const explanation = explain(rest, context);
  assert.notEqual(explanation.type, "unknown");
  return explainLines(explanation as Exclude<Explanation, { type: "unknown" }>, 80).join("\n");
}

test("a target is a service and what is in it, also as a Cloud's path", () => {
  assert.deepEqual(parseTarget("nova"), { service: "nova", rest: "" });
  assert.deepEqual(parseTarget("nova.DEFAULT.debug"), { service: "nova", rest: "DEFAULT.debug" });
  assert.deepEqual(parseTarget("spec.services.nova.options.DEFAULT.debug"), { service: "nova", rest: "DEFAULT.debug" });
});

test("an option is explained with all that is known of it", () => {
  assert.equal(
    lines("DEFAULT.cpu_allocation_ratio"),
    `nova.DEFAULT.cpu_allocation_ratio in OpenStack 2025.1

  type         number, at least 0
  default      none
  change       restarts compute, scheduler
  read by      compute, scheduler

Ratio of virtual to physical processors.

Possible values:

* Any number, also a fraction

EXAMPLE
  spec:
    services:
      nova:
        options:
          DEFAULT:
            cpu_allocation_ratio: 1.5`,
  );
});

test("false is a default, and the example says something else", () => {
  assert.match(lines("DEFAULT.debug"), / default {6}false\n {2}change {7}takes effect without a restart\n/);
  assert.match(lines("DEFAULT.debug"), /debug: true$/);
  assert.match(lines("conductor.workers"), /workers: 4$/);
  assert.match(lines("libvirt.virt_type"), /virt_type: qemu$/);
});

test("an older name leads to today's, and says so", () => {
  assert.match(lines("DEFAULT.logfile"), /DEFAULT\.logfile is an older name: write DEFAULT\.log_file\./);
});

test("what Underpin owns has no example, but the field to use", () => {
  const text = lines("DEFAULT.transport_url");
  assert.match(text, /owned {8}by Underpin: the bus is Underpin's; use spec\.messaging/);
  assert.ok(!text.includes("EXAMPLE"));
  assert.match(lines("scheduler.workers"), /gives it a value of its own: one process a pod; yours wins/);
});

test("a secret's example is a reference", () => {
  assert.match(lines("neutron.password"), /secretOptions:\n.*- group: neutron\n.*option: password\n.*secretRef:/);
});

test("what the next release changes is told", () => {
  const later = OPTIONS.map((option) => (option.name === "virt_type" ? { ...option, default: "qemu" } : option));
  const next = { release: "2026.1", changes: catalogueChanges(CONTEXT.catalogue, catalogue(later, "2026.1")) };
  assert.match(lines("libvirt.virt_type", { ...CONTEXT, next }), /IN 2026\.1\n {2}default kvm -> qemu$/);
  assert.match(lines("DEFAULT.debug", { ...CONTEXT, next }), /IN 2026\.1\n {2}the same$/);
});

test("a group and a service are lists; a name in several groups shows them", () => {
  assert.match(lines("libvirt"), /^nova\.libvirt: 2 options in OpenStack 2025\.1\n/);
  assert.match(lines("libvirt"), /virt_type +one of kvm, qemu +kvm +deprecated/);
  assert.match(lines("glance.store.rbd.Store"), /1 option /);
  assert.match(lines("glance.store.rbd.Store.rbd_store_pool"), /default +images/);
  assert.match(lines(""), /components: api, compute, scheduler\n\nGROUP +OPTIONS\nDEFAULT +5\n/);
  assert.match(lines("workers"), /workers is in 2 groups[^]*conductor\.workers[^]*scheduler\.workers/);
  assert.match(lines("virt_type"), /^nova\.libvirt\.virt_type /);
});

test("an unknown name is told with what was probably meant", () => {
  const meant = (rest: string): unknown => explain(rest, CONTEXT);
  const unknown = (what: string, ...names: string[]) => ({ type: "unknown", what, meant: names });
  assert.deepEqual(meant("DEFAULT.debgu"), unknown("an option DEFAULT.debgu", "nova.DEFAULT.debug"));
  assert.deepEqual(meant("libvrt.virt_tpye"), unknown("an option libvrt.virt_tpye", "nova.libvirt.virt_type"));
  assert.deepEqual(meant("DEFAULT.virt_type"), unknown("an option DEFAULT.virt_type", "nova.libvirt.virt_type"));
  assert.deepEqual(meant("libvrt"), unknown("a group or option libvrt", "nova.libvirt"));
  assert.deepEqual(meant("qqqqqqqq"), unknown("a group or option qqqqqqqq"));
});

test("each type is told in words with its limits", () => {
  const words: readonly (readonly [OptionType, string])[] = [
    [{ kind: "port", min: 1 }, "port, 1 to 65535"],
    [{ kind: "integer", max: 5 }, "whole number, at most 5"],
    [{ kind: "string", choices: ["a", null, ""], ignoreCase: true }, 'one of a, nothing, "", in any case of letters'],
    [{ kind: "string", maxLength: 3, regex: "^a" }, "text, at most 3 characters, matching /^a/"],
    [{ kind: "list", item: { kind: "ip", version: 4 }, bounds: true }, "list of IPv4 address, in square brackets"],
    [{ kind: "dict", value: { kind: "integer" } }, "map of text to whole number"],
    [{ kind: "uri", schemes: ["http", "https"] }, "URI with http, https"],
  ];
  for (const [type, text] of words) assert.equal(typeWords(type), text);
});

test("help loses no word, and no line that can be divided is too long", () => {
  const word = fc.stringMatching(/^[a-z`.*:-]{1,12}$/);
  const line = fc.tuple(fc.constantFrom("", "  ", "    ", "* "), fc.array(word, { maxLength: 20 }));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), fc.integer({ min: 20, max: 100 }), (made, width) => {
      const text = made.map(([start, words]) => start + words.join(" ")).join("\n");
      const wrapped = wrapHelp(text, width);
      assert.deepEqual(wrapped.join(" ").split(/\s+/).filter(Boolean), text.split(/\s+/).filter(Boolean));
    }),
  );
  assert.deepEqual(wrapHelp("one two three\nfour\n\n* a long item\n  of a list\n\n    as it stands", 12), [
    "one two",
    "three four",
    "",
    "* a long",
    "  item of a",
    "  list",
    "",
    "    as it stands",
  ]);
});

for (const release of ["2025.1", "2026.1"])
  test(`the example of every option of ${release} is one that oslo.config takes`, async () => {
    for (const service of await catalogueServices(release)) {
      const real = await loadCatalogue(release, service);
      const context = { catalogue: real, claim: () => undefined, inPlace: () => false };
      for (const group of real.groups)
        for (const option of real.options(group)) {
          const found = explain(`${group}.${option.name}`, context);
          assert.equal(found.type, "option", `${service}.${group}.${option.name}`);
          const example = found.type === "option" ? found.example : undefined;
          const written = found.type === "option" ? found.group : group;
          const fields = fieldsOf(example, "spec", "services", service, "options", written);
          if (option.secret === true) assert.equal(fields, undefined);
          else {
            const value = fieldsOf(fields, option.name) as OptionValue;
            const { verdict } = judgeValue(option, value);
            assert.notEqual(verdict, "reject", `${service}.${group}.${option.name}: ${JSON.stringify(value)}`);
          }
        }
    }
  });

function fieldsOf(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value);
}
