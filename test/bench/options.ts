// bench: how long a Cloud of 500 options takes to be judged, and `underpin check` from its start; prints one JSON object.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { OptionsJudge } from "../../src/options/index.ts";
import { loadClaims } from "../../src/options/owned.ts";
import { loadCatalogue } from "../../src/releases/catalogue.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const RELEASE = "2025.1";
const OPTIONS = 500;
const SERVICES = ["nova", "neutron", "glance", "keystone", "placement"];

/** A Cloud that sets options of every service to what they are anyway: each type of value is judged, and none refused. */
async function largeCloud(): Promise<{ cloud: object; count: number }> {
  const claims = await loadClaims();
  const services: Record<string, { options: Record<string, Record<string, unknown>> }> = {};
  let count = 0;
  for (const service of SERVICES) {
    const catalogue = await loadCatalogue(RELEASE, service);
    const all = catalogue.groups.flatMap((group) => catalogue.options(group));
    const free = all.filter((option) => option.secret !== true && claims.ownership(service, option) === undefined);
    const set = free.filter(({ default: value }) => value !== undefined && value !== null && !isEmpty(value));
    const options: Record<string, Record<string, unknown>> = {};
    for (const { group, name, default: value } of set.slice(0, OPTIONS / SERVICES.length)) {
      (options[group] ??= {})[name] = value;
      count += 1;
    }
    services[service] = { options };
  }
  return { cloud: { spec: { release: RELEASE, services } }, count };
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

async function milliseconds(work: () => Promise<unknown>, times: number): Promise<{ p50: number; p95: number }> {
  const took: number[] = [];
  for (let run = 0; run < times; run += 1) {
    const start = performance.now();
    await work();
    took.push(performance.now() - start);
  }
  took.sort((a, b) => a - b);
  const at = (part: number): number => Math.round((took[Math.floor(times * part)] ?? 0) * 100) / 100;
  return { p50: at(0.5), p95: at(0.95) };
}

const { cloud, count } = await largeCloud();
const judge = new OptionsJudge();
const start = performance.now();
const findings = await judge.judge(cloud);
const first = Math.round(performance.now() - start);
const check = async (): Promise<unknown> =>
  promisify(execFile)(process.execPath, [`${ROOT}src/cli/main.ts`, "check", "-f", `${ROOT}examples/laptop.yaml`]);
const result = {
  options: count,
  errors: findings.filter(({ severity }) => severity === "error").length,
  firstMs: first,
  loadedMs: await milliseconds(() => judge.judge(cloud), 300),
  checkMs: await milliseconds(check, 15),
};
process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
