// What tests of builders look at: pods, files and golden copies of the objects that a workload builds.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { stringify } from "yaml";
import type { BuildInput, Manifest, Workload } from "../../src/workloads/contract.ts";
import { SECRET_MARK } from "./build-input.ts";

const GOLDEN = new URL("../golden/", import.meta.url);
const WITH_PODS = ["Deployment", "StatefulSet", "DaemonSet", "Job"];

export interface Pod {
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly terminationGracePeriodSeconds: number;
  readonly containers: readonly {
    readonly command: readonly string[];
    readonly securityContext: unknown;
    readonly readinessProbe?: Readonly<Record<string, unknown>>;
    readonly lifecycle?: { readonly preStop?: { readonly sleep?: { readonly seconds: number } } };
  }[];
  readonly volumes: readonly Readonly<Record<string, unknown>>[];
}

/** Pods by the name of what runs them; a Job's name without its hash. */
export function pods(objects: readonly Manifest[]): Readonly<Record<string, Pod>> {
  return Object.fromEntries(
    objects
      .filter(({ kind }) => WITH_PODS.includes(kind))
      .map((one) => [
        one.kind === "Job" ? one.metadata.name.replace(/-[0-9a-f]{10}$/, "") : one.metadata.name,
        (one as unknown as { spec: { template: { spec: Pod } } }).spec.template.spec,
      ]),
  );
}

export function named(objects: readonly Manifest[], kind: string): readonly string[] {
  return objects.filter((one) => one.kind === kind).map(({ metadata }) => metadata.name);
}

/** File `name` as the pod finds it among its projected or single volumes. */
export function fileOf(objects: readonly Manifest[], pod: Pod | undefined, name: string): string {
  const mounted = JSON.stringify(pod?.volumes ?? []);
  const holder = objects.find(
    (one) => mounted.includes(`"${one.metadata.name}"`) && name in ((one["data"] as object | undefined) ?? {}),
  );
  assert.ok(holder !== undefined, `no object that the pod mounts has ${name}`);
  const text = (holder["data"] as Readonly<Record<string, string>>)[name] ?? "";
  return holder.kind === "Secret" ? Buffer.from(text, "base64").toString() : text;
}

/** Compares with the copy that a reviewer sees; UNDERPIN_GOLDEN=write writes it anew. */
export function checkGolden(workload: Workload, input: BuildInput): void {
  const objects = workload.build(input);
  assert.deepEqual(workload.build(input), objects, "the same input gives the same objects");
  const text = stringify({ objects, steps: workload.procedure(input, objects) }, { aliasDuplicateObjects: false });
  const path = new URL(`${workload.name}.yaml`, GOLDEN);
  if (process.env["UNDERPIN_GOLDEN"] === "write") {
    mkdirSync(GOLDEN, { recursive: true });
    writeFileSync(path, text);
  }
  const hint = `${workload.name} is built otherwise than test/golden/${workload.name}.yaml says`;
  assert.equal(text, readFileSync(path, "utf8"), hint);
}

/** Rules that hold for every workload of the Cloud's own namespace. */
export function checkRestricted(workload: Workload, input: BuildInput): void {
  const objects = workload.build(input);
  const open = objects.filter(({ kind }) => kind !== "Secret");
  assert.ok(!JSON.stringify(open).includes(SECRET_MARK), "a secret stands outside of a Secret");
  const known = [
    ...["ConfigMap", "Secret", "PersistentVolumeClaim"].flatMap((kind) => named(objects, kind)),
    ...workload.credentials(input.cloud).map(({ name }) => name),
    "underpin-ca",
  ];
  for (const { metadata } of objects) assert.ok(metadata.name.length <= 63, metadata.name);
  for (const [name, pod] of Object.entries(pods(objects))) checkPod(name, pod, known);
}

function checkPod(name: string, pod: Pod, known: readonly string[]): void {
  assert.equal(pod.securityContext["runAsNonRoot"], true, name);
  assert.deepEqual(pod.securityContext["seccompProfile"], { type: "RuntimeDefault" }, name);
  for (const { securityContext } of pod.containers)
    assert.deepEqual(securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
  const kinds = pod.volumes.flatMap((volume) => Object.keys(volume).filter((key) => key !== "name"));
  const allowed = ["configMap", "emptyDir", "persistentVolumeClaim", "projected", "secret"];
  for (const one of kinds) assert.ok(allowed.includes(one), `${name}: ${one}`);
  const text = JSON.stringify(pod.volumes);
  const references = [...text.matchAll(/"(?:secretName|claimName)":"([^"]+)"|(?:Map|secret)":\{"name":"([^"]+)"/g)];
  assert.ok(references.length > 0, name);
  for (const [, first, second] of references)
    assert.ok(known.includes(first ?? second ?? ""), `${name}: ${first ?? second}`);
}

/** Each object is applied by one step at most, and each step's objects are built. */
export function checkSteps(workload: Workload, input: BuildInput): void {
  const objects = workload.build(input);
  const keys = objects.map(({ kind, metadata }) => `${kind}/${metadata.namespace ?? ""}/${metadata.name}`);
  assert.equal(new Set(keys).size, keys.length, "an object is built twice");
  const steps = workload.procedure(input, objects);
  const applied = steps.flatMap((step) => (step.type === "apply" ? step.objects : []));
  assert.equal(new Set(applied).size, applied.length, "an object is in two steps");
  for (const key of applied) assert.ok(keys.includes(key), key);
  const controllers = keys.filter((key) => WITH_PODS.includes(key.split("/")[0] ?? ""));
  for (const key of controllers) assert.ok(applied.includes(key), `${key} is in no step`);
}
