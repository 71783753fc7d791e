// Every option that a running process of the cloud has registered is in the committed catalogue of its service.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Catalogue } from "../../src/oslo/catalogue.ts";
import { loadCatalogue } from "../../src/releases/catalogue.ts";
import { skip, underpin } from "./machine.ts";

const here = skip === false && process.env["UNDERPIN_STATE"] === undefined ? "there is no cloud of the tests" : skip;

/** Controllers of each service's processes, by the component's label. */
const SERVICES: Readonly<Record<string, readonly string[]>> = {
  keystone: ["keystone"],
  glance: ["glance"],
  placement: ["placement"],
  neutron: ["neutron", "neutron-periodic", "neutron-maintenance", "ovn-metadata"],
  nova: ["nova-api", "nova-metadata", "nova-conductor", "nova-scheduler", "nova-novncproxy", "nova-compute-std"],
};

/** A process answers within half a second to a touch of the file; on a machine that stands still, when it goes on. */
const DUMP = `rm -f /tmp/underpin-options.*.json; : >/tmp/underpin-options
for try in $(seq 60); do sleep 0.5; ls /tmp/underpin-options.*.json >/dev/null 2>&1 && break; done
for more in 1 2 3 4; do sleep 0.4; done
cat /tmp/underpin-options.*.json`;

async function kubectl(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await underpin(["kubectl", ...args]);
  assert.equal(code, 0, `kubectl ${args.join(" ")}: ${stderr}`);
  return stdout;
}

interface Pod {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
}

/** Names of all options that the processes of the component's pods have registered: `DEFAULT.debug`. */
async function registered(component: string): Promise<string[]> {
  const namespace = ["ovn-metadata", "nova-compute-std"].includes(component) ? "laptop-nodes" : "laptop";
  const label = `app.kubernetes.io/component=${component}`;
  const where = ["-n", namespace, "get", "pods", "-l", label, "--field-selector=status.phase=Running", "-o", "json"];
  const { items } = JSON.parse(await kubectl(...where)) as { items: readonly Pod[] };
  // Not those on their way out.
  const pods = items.flatMap(({ metadata }) => (metadata.deletionTimestamp === undefined ? [metadata.name] : []));
  assert.ok(pods.length > 0, `${component} runs`);
  const found: string[] = [];
  for (const pod of pods) {
    const text = await kubectl("-n", namespace, "exec", pod, "--", "sh", "-c", DUMP);
    for (const one of text.split(/(?<=\})(?=\{)/)) found.push(...(JSON.parse(one) as { options: string[] }).options);
  }
  return found;
}

/** A group has dots in its name now and then; one whose name the configuration chose has the options of its pattern. */
function isIn(catalogue: Catalogue, option: string): boolean {
  return [...option.matchAll(/\./g)].some(({ index }) => {
    const [group, name] = [option.slice(0, index), option.slice(index + 1)];
    const patterns = catalogue.options(group).length === 0 ? catalogue.dynamic.map(({ like }) => like) : [];
    return [group, ...patterns].some((one) => catalogue.find(one, name)?.name === name);
  });
}

describe("the catalogue and the running processes", { skip: here }, () => {
  for (const [service, components] of Object.entries(SERVICES))
    for (const component of components)
      test(`has every option that ${component} has registered`, { timeout: 180_000 }, async () => {
        const catalogue = await loadCatalogue("2025.1", service);
        const names = await registered(component);
        assert.ok(names.length > 100, `${names.length} options are registered`);
        assert.deepEqual(
          names.filter((name) => !isIn(catalogue, name)),
          [],
        );
      });
});
