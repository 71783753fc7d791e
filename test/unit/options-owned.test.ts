// Holds what the workloads say of their options against what their builders write.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Cloud } from "../../src/api/cloud.ts";
import { builtConfigurations } from "../../src/options/offline.ts";
import { Claims, loadClaims } from "../../src/options/owned.ts";
import { loadWorkloads } from "../../src/workloads/registry.ts";
import { fixedCloud } from "./build-input.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const SERVICES = ["keystone", "glance", "placement", "nova", "neutron"];
const NODE_FILE = "src/workloads/compute/scripts/compute.sh";

const workloads = await loadWorkloads();
const claims = await loadClaims();

/** Clouds that together make the builders write every option that they can write. */
function fullClouds(): Cloud[] {
  const services = Object.fromEntries(SERVICES.map((name) => [name, { policy: { some_rule: "role:admin" } }]));
  const pools = [
    { name: "kvm", virtualization: "KVM" },
    { name: "qemu", virtualization: "QEMU" },
  ];
  return ["Minimal", "Standard", "Large"].map((profile) => fixedCloud({ profile, services, compute: { pools } }));
}

/** `service group/name` of each option that a process is given. */
async function writtenOptions(): Promise<ReadonlySet<string>> {
  const lines = fullClouds().flatMap((cloud) =>
    builtConfigurations({ workloads, release: { name: "2025.1" } }, cloud).flatMap(({ service, lines: own }) =>
      own.map(({ group, name }) => `${service} ${group}/${name}`),
    ),
  );
  return new Set([...lines, ...nodeOptions(await readFile(`${ROOT}${NODE_FILE}`, "utf8"))]);
}

/** What the script of nova-compute adds, which depends on the node. */
function nodeOptions(script: string): string[] {
  const [, text = ""] = /<<END\n(.*?)\nEND/s.exec(script) ?? [];
  let group = "";
  return text.split("\n").flatMap((line) => {
    group = /^\[(.*)\]$/.exec(line)?.[1] ?? group;
    const name = /^(\w+) = /.exec(line)?.[1];
    return name === undefined ? [] : [`nova ${group}/${name}`];
  });
}

function parts(option: string): { service: string; group: string; name: string } {
  const [, service = "", group = "", name = ""] = /^(\S+) (.*)\/(.*?)$/.exec(option) ?? [];
  return { service, group, name };
}

test("every option that a builder writes is owned or preset, and not both", async () => {
  const written = await writtenOptions();
  assert.ok(written.size > 150, `${written.size} options are written`);
  for (const option of written) {
    const { service, group, name } = parts(option);
    const owned = claims.ownership(service, { group, name });
    const preset = claims.preset(service, { group, name });
    assert.ok(owned !== undefined || preset !== undefined, `${option} is neither owned nor preset: declare it`);
    assert.ok(owned === undefined || preset === undefined, `${option} is both owned and preset`);
    assert.notEqual(owned?.unwritten, true, `${option} is declared unwritten`);
  }
});

test("no claim is stale: each name is of an option that is written, or that must not be", async () => {
  const written = [...(await writtenOptions())].map(parts);
  for (const { service, owned, preset } of claims.all) {
    for (const claim of [...owned, ...preset]) {
      if ("unwritten" in claim && claim.unwritten === true) continue;
      const alone = new Claims([{ service, owned: [], preset: [claim] }]);
      const seen = new Set(
        written.filter((one) => alone.preset(one.service, one) !== undefined).map(({ name }) => name),
      );
      for (const name of claim.names) {
        const found = name.endsWith("*") ? seen.size > 0 : seen.has(name);
        assert.ok(found, `${service} ${claim.group}/${name} is claimed, and nothing writes it`);
      }
    }
  }
});

test("reasons are written to be read in the middle of a sentence, and fields are the Cloud's", () => {
  for (const { owned, preset } of claims.all) {
    for (const { why } of [...owned, ...preset]) assert.match(why, /^(?:[a-z`]|OVN|ML2|Underpin).*[^.]$/);
    for (const { field = "spec." } of owned) assert.match(field, /^spec\./);
  }
});
