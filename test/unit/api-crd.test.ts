import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { exec } from "../../src/host/exec.ts";
import { CLOUD_STRUCTURE, customResourceDefinitions } from "../../src/api/crd.ts";
import { outdated } from "../../src/api/generate.ts";
import type { JsonSchema } from "../../src/api/structural.ts";
import { SERVICE_NAMES } from "../../src/api/cloud.ts";

function visit(schema: JsonSchema, path: string, see: (schema: JsonSchema, path: string) => void): void {
  see(schema, path);
  for (const [name, inner] of Object.entries(schema.properties ?? {})) visit(inner, `${path}.${name}`, see);
  if (schema.items !== undefined) visit(schema.items, `${path}[]`, see);
  if (schema.additionalProperties !== undefined) visit(schema.additionalProperties, `${path}.*`, see);
}

function schemas(): JsonSchema[] {
  return customResourceDefinitions().map((crd) => {
    const spec = crd["spec"] as { versions: { schema: { openAPIV3Schema: JsonSchema } }[] };
    return spec.versions[0]?.schema.openAPIV3Schema ?? {};
  });
}

test("the generated files are what the schemas say", async () => {
  assert.deepEqual(await outdated(), [], "run node src/api/generate.ts");
});

test("every field is documented", () => {
  for (const schema of schemas()) {
    visit(schema, "", (inner, path) => {
      const isField = /\.[A-Za-z]+$/.test(path) && path !== ".metadata";
      if (isField) assert.ok((inner.description ?? "").length > 3, `${path} has no description`);
    });
  }
});

test("the schemas are structural and bounded", () => {
  for (const schema of schemas()) {
    visit(schema, "", (inner, path) => {
      const open = inner["x-kubernetes-preserve-unknown-fields"] === true;
      assert.equal(typeof inner.type === "string", !open, `${path}: a type, or open`);
      for (const keyword of ["anyOf", "oneOf", "allOf", "default", "$ref", "nullable"])
        assert.ok(!(keyword in inner), `${path} has ${keyword}`);
      if (inner.type === "integer")
        assert.ok(Math.abs(inner.minimum ?? 0) <= 2 ** 31 || inner.format === "int64", path);
      if (open) assert.match(path, /ptions\.\*\.\*$/, `${path} is open: only the values of options are`);
    });
  }
});

test("named lists are maps by their names", () => {
  visit(CLOUD_STRUCTURE, "", (inner, path) => {
    const named = inner.items?.properties?.["name"];
    if (named === undefined) return;
    assert.equal(inner["x-kubernetes-list-type"], "map", path);
    const keys = inner["x-kubernetes-list-map-keys"] as string[];
    for (const key of keys) assert.ok(inner.items?.required?.includes(key), `${path}: ${key} must be required`);
  });
});

test("each workload with a spec.ts is a service of the Cloud, all of one shape", () => {
  const services = CLOUD_STRUCTURE.properties?.["spec"]?.properties?.["services"]?.properties ?? {};
  assert.deepEqual(Object.keys(services).toSorted(), [...SERVICE_NAMES]);
  for (const service of Object.values(services)) {
    for (const field of [
      "enabled",
      "replicas",
      "resources",
      "placement",
      "options",
      "uncheckedOptions",
      "secretOptions",
      "policy",
      "files",
      "components",
    ]) {
      assert.ok(field in (service.properties ?? {}), field);
    }
  }
  assert.ok("storage" in (services["glance"]?.properties ?? {}));
});

test("a made-up service is one more folder: the Cloud, its judge and its reference know it", async () => {
  const place = await mkdtemp(join(tmpdir(), "made-up-"));
  const own = fileURLToPath(new URL("../../", import.meta.url));
  await cp(join(own, "src"), join(place, "src"), { recursive: true });
  await symlink(join(own, "node_modules"), join(place, "node_modules"));
  await writeFile(join(place, "package.json"), '{"type": "module"}');
  await mkdir(join(place, "src/workloads/telescope"));
  const spec = `import { z } from "zod";
export const fields = { mirror: z.enum(["Small", "Large"]).default("Small").describe("Size of the mirror.") };
export const needs = ["glance"];`;
  await writeFile(join(place, "src/workloads/telescope/spec.ts"), spec);
  const script = `const { judgeCloud } = await import("./src/api/findings.ts");
const { readCloud } = await import("./src/api/cloud.ts");
const { resourceReference } = await import("./src/api/reference.ts");
const cloud = (telescope, glance = {}) => ({ apiVersion: "underpin.dev/v1alpha1", kind: "Cloud", metadata: { name: "x" }, spec: { release: "2025.1", services: { telescope, glance } } });
console.log(JSON.stringify({
  read: readCloud(cloud({})).spec.services.telescope.mirror,
  right: judgeCloud(cloud({ mirror: "Large", replicas: 2 })).length,
  wrong: judgeCloud(cloud({ mirror: "Huge" })).map(({ path }) => path),
  alone: judgeCloud(cloud({}, { enabled: false })).some(({ message }) => message.includes("telescope cannot work without glance")),
  told: resourceReference().includes("spec.services.telescope.mirror"),
}));`;
  const { stdout } = await exec(process.execPath, ["--input-type=module", "-e", script], { cwd: place });
  await rm(place, { recursive: true });
  const path = "spec.services.telescope.mirror";
  assert.deepEqual(JSON.parse(stdout), { read: "Small", right: 0, wrong: [path], alone: true, told: true });
});
