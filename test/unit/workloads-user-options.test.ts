// What the user's typed options become in the files, by the release's catalogue, against what was judged.
import assert from "node:assert/strict";
import { test } from "node:test";
import { resolveService } from "../../src/api/cloud.ts";
import { writeIni } from "../../src/oslo/ini.ts";
import { judgeTexts, judgeValue, type OptionValue } from "../../src/oslo/judge.ts";
import { readIniEntries } from "../../src/oslo/read.ts";
import { loadCatalogue } from "../../src/releases/catalogue.ts";
import type { BuildInput } from "../../src/workloads/contract.ts";
import { optionFacts } from "../../src/workloads/kit/option-facts.ts";
import { userOptions } from "../../src/workloads/kit/index.ts";
import { loadWorkloads } from "../../src/workloads/registry.ts";
import { fixedCloud, fixedInput } from "./build-input.ts";

const workloads = await loadWorkloads();

/** Texts of an option in the files of a component, in order. */
async function texts(service: string, component: string, [group, name]: [string, string], value: OptionValue) {
  const catalogue = await loadCatalogue("2025.1", service);
  const plain = fixedInput(
    workloads,
    fixedCloud({ services: { [service]: { options: { [group]: { [name]: value } } } } }),
  );
  const input: BuildInput = { ...plain, release: { ...plain.release, options: { [service]: optionFacts(catalogue) } } };
  const resolved = resolveService(input.cloud, service);
  const { base, mutable } = userOptions(input, { service, resolved, component });
  const found = readIniEntries(`${writeIni(base)}\n${writeIni(mutable)}`).map(({ text }) => text);
  const option = catalogue.find(group, name);
  assert.ok(option !== undefined);
  // What is written is what was judged.
  assert.deepEqual(judgeTexts(option, found), judgeValue(option, value));
  return found;
}

test("a list is a line for each value of a multi-valued option, and one line with commas otherwise", async () => {
  const alias = ['{"name": "gpu", "vendor_id": "10de"}', '{"name": "nic", "product_id": "1572"}'];
  assert.deepEqual(await texts("nova", "api", ["pci", "alias"], alias), alias);
  const filters = ["ComputeFilter", "ImagePropertiesFilter"];
  const written = await texts("nova", "scheduler", ["filter_scheduler", "enabled_filters"], filters);
  assert.deepEqual(written, ["ComputeFilter,ImagePropertiesFilter"]);
});

test("a list stands in brackets, and a map has the separator, where the type wants it", async () => {
  const bounded = await texts(
    "glance",
    "api",
    ["DEFAULT", "enabled_import_methods"],
    ["glance-direct", "web-download"],
  );
  assert.deepEqual(bounded, ["[glance-direct,web-download]"]);
});
