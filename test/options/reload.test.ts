// Real processes of the OpenStack image take what their mutable layer says, and survive what it should not say.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, describe, test } from "node:test";
import { attempts } from "../harness/attempts.ts";
import { imagePython, skip, type ImagePython } from "../harness/image-python.ts";

const source = (path: string): string => readFileSync(new URL(`../../src/workloads/${path}`, import.meta.url), "utf8");
const MODULES = {
  "underpin_reload.py": source("kit/scripts/underpin_reload.py"),
  "underpin_drain.py": source("kit/scripts/underpin_drain.py"),
};
const WSGI = {
  keystone: { "underpin_wsgi.py": source("keystone/scripts/underpin_wsgi.py") },
  placement: { "underpin_wsgi.py": source("placement/scripts/underpin_wsgi.py") },
  "nova-metadata": { "nova_metadata.py": source("nova/scripts/nova_metadata.py") },
};
/** What oslo.config itself would end the process for, or fail for at each later use. */
const WRONG = {
  "of another type": "[DEFAULT]\ndebug = perhaps\n",
  "no file of options": "what is this\n",
  "below the least": "[DEFAULT]\ndebug = false\n[compute]\nresource_provider_association_refresh = -5\n",
};
const DRIVER = readFileSync(new URL("reload.py", import.meta.url), "utf8");

interface Said {
  readonly mutable: Readonly<Record<string, unknown>>;
  readonly logLevel: string;
  readonly count: number;
}

interface Report {
  /** By step, then by process. */
  readonly steps: Readonly<Record<string, Readonly<Record<string, Said>>>>;
  readonly seconds: number;
  readonly stop: { readonly code: number; readonly seconds: number };
  readonly log: string;
}

describe("options change in running processes", { skip }, () => {
  let python: ImagePython | undefined;
  after(async () => python?.[Symbol.asyncDispose]());

  async function report(component: string, wrong: Readonly<Record<string, string>>): Promise<Report> {
    python ??= await imagePython("openstack");
    const input = JSON.stringify({ modules: MODULES, wsgi: WSGI, component, wrong });
    return JSON.parse(await python.run(DRIVER, input)) as Report;
  }

  const components: Readonly<Record<string, { processes: number; wrong: readonly (keyof typeof WRONG)[] }>> = {
    "nova-conductor": { processes: 1, wrong: ["of another type", "no file of options", "below the least"] },
    "nova-conductor, two workers": { processes: 3, wrong: ["of another type", "below the least"] },
    "an idle program": { processes: 1, wrong: ["of another type", "below the least"] },
    "nova-novncproxy": { processes: 1, wrong: ["of another type", "no file of options"] },
    "nova-metadata": { processes: 1, wrong: ["of another type", "below the least"] },
    keystone: { processes: 1, wrong: ["of another type", "no file of options"] },
    placement: { processes: 1, wrong: ["of another type", "no file of options"] },
  };
  for (const [component, { processes, wrong }] of Object.entries(components)) {
    test(`${component}: same process, new level, wrong values refused`, { timeout: 540_000 }, async () => {
      const chosen = Object.fromEntries(wrong.map((name) => [name, WRONG[name]]));
      // How soon it is in effect is counted by the machine's clock: one that stands still meanwhile shows nothing.
      const { steps, stop, log } = await attempts(async () => {
        const found = await report(component, chosen);
        assert.ok(found.seconds < 5, `in effect after ${found.seconds} s`);
        return found;
      });
      const pids = Object.keys(steps["start"] ?? {});
      assert.equal(pids.length, processes);
      for (const [step, said] of Object.entries(steps)) {
        assert.deepEqual(Object.keys(said), pids, `${step}: the same processes`);
        const level = ["start", "taken away"].includes(step) ? "INFO" : "DEBUG";
        for (const one of Object.values(said)) {
          assert.equal(one.logLevel, level, step);
          assert.ok(one.count > 100, `${one.count} options are registered`);
          if ("compute.resource_provider_association_refresh" in one.mutable)
            assert.equal(one.mutable["compute.resource_provider_association_refresh"], 300, step);
        }
      }
      assert.match(log, /^underpin: DEFAULT\.debug is now True$/m);
      assert.match(log, /^underpin: DEFAULT\.debug is now False$/m);
      const refused = log.match(/^underpin: 90-mutable\.conf is not taken, what was stays: .+$/gm) ?? [];
      assert.equal(refused.length, wrong.length * processes, refused.join("\n"));
      assert.ok(stop.seconds < 30, `it stops within ${stop.seconds} s`);
    });
  }
});
