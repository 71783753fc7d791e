import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { pathsFrom } from "../../src/cli/paths.ts";
import { exec } from "../../src/host/exec.ts";
import { imageReferences } from "../../src/images/index.ts";
import { prepare } from "../../src/up/prepare.ts";
import { imagePython } from "../harness/image-python.ts";

// The slow part of a first `up`, on its own: what it leaves in the cache is what the contract tests and `up` then use.
const { cache } = pathsFrom(process.env, homedir());
const skip = process.getuid?.() === 0 ? false : "needs root: images are built in namespaces";

test("programs and images are built or found, and a second time is no work", { skip }, async () => {
  const events: string[] = [];
  const options = {
    cacheDir: cache,
    exec,
    nodeRuns: false,
    report: (event: { state: string; part: string }) => {
      if (event.state === "done") events.push(event.part);
    },
  };
  const first = await prepare(options);
  const version = (program: string, ...args: string[]) =>
    execFileSync(join(first.binaries.bin, program), args, { encoding: "utf8" });
  assert.match(version("kubeadm", "version", "-o", "short"), /^v1\.37\.2/);
  assert.match(version("containerd", "--version"), /2\.4\.2/);
  events.length = 0;
  const second = await prepare(options);
  assert.deepEqual(second, first);
  assert.deepEqual(events, []);
});

test("every image has the reference of its recipe and a bill of materials", { skip }, async () => {
  const options = { cacheDir: cache, exec, nodeRuns: true, report: () => undefined };
  const { images } = await prepare(options);
  assert.deepEqual(Object.fromEntries(images.map(({ name, reference }) => [name, reference])), await imageReferences());
  for (const { name, sbom } of images) {
    const bill = JSON.parse(readFileSync(sbom, "utf8")) as { bomFormat: string; components: unknown[] };
    assert.equal(bill.bomFormat, "CycloneDX", name);
    assert.ok(name === "operator" || bill.components.length > 0, `${name} lists its components`);
  }
});

test("what the operator's processes run was compiled beforehand, for the user who runs it", { skip }, async () => {
  const { images } = await prepare({ cacheDir: cache, exec, nodeRuns: true, report: () => undefined });
  const operator = images.find(({ name }) => name === "operator");
  assert.ok(operator !== undefined);
  const paths = readFileSync(join(dirname(operator.archive), "paths"), "utf8").split("\0");
  const compiled = paths.filter((path) => /opt\/underpin\/\.compile-cache\/v[^/]+-42400\/[0-9a-f]+$/.test(path));
  assert.ok(compiled.length > 300, `${compiled.length} modules`);
});

test("no process of OpenStack's compiles a module at its start", { skip, timeout: 300_000 }, async () => {
  await using python = await imagePython("openstack");
  const imported = await python.run(`import subprocess, sys
command = [sys.executable, "-v", "-c", "import nova.conductor.manager, neutron.plugins.ml2.plugin, keystone.server"]
print(subprocess.run(command, stderr=subprocess.PIPE, text=True, check=True).stderr)`);
  const modules = [...imported.matchAll(/code object from '?(\/[^'\n]+)/g)].map(([, file = ""]) => file);
  assert.ok(modules.length > 1000, `${modules.length} modules`);
  assert.deepEqual(
    modules.filter((file) => !file.endsWith(".pyc")),
    [],
  );
});
