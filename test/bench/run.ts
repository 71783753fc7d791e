// bench: the figures of docs/benchmarks.md, measured on this machine on a cloud of its own; prints one JSON object.
import { execFile } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { setTimeout as delay } from "node:timers/promises";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const state = process.env["UNDERPIN_TEST_STATE"] ?? "/var/lib/underpin-bench";
const env = { ...process.env, UNDERPIN_STATE: state, XDG_CONFIG_HOME: `${state}-config` };

function underpin(...args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(`${ROOT}underpin`, [...args], { env, maxBuffer: 1 << 26, timeout: 900_000 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`underpin ${args.join(" ")}: ${stderr.slice(-800)}`, { cause: error }));
    });
  });
}

/** Proportional set size of all processes of the machine, MiB. */
function machineMemory(): number {
  let kib = 0;
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      kib += Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1] ?? 0);
    } catch {
      continue; // ended meanwhile, or a thread of the kernel
    }
  }
  return Math.round(kib / 1024);
}

/** Resident MiB and processor seconds of the operator's process. */
function operator(): { rss: number; cpu: number } {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const read = (file: string): string => {
      try {
        return readFileSync(`/proc/${pid}/${file}`, "utf8");
      } catch {
        return ""; // ended meanwhile
      }
    };
    if (!read("cmdline").includes("src/operator/main.ts")) continue;
    const fields = read("stat").split(") ")[1]?.split(" ") ?? [];
    return {
      rss: Math.round(Number(/VmRSS:\s+(\d+)/.exec(read("status"))?.[1] ?? 0) / 1024),
      cpu: (Number(fields[11]) + Number(fields[12])) / 100,
    };
  }
  throw new Error("the operator does not run");
}

const seconds = (from: number): number => Math.round((performance.now() - from) / 100) / 10;

async function warmUp(): Promise<Record<string, unknown>> {
  await underpin("down", "--purge", "--yes");
  const before = machineMemory();
  const start = performance.now();
  const parts: Record<string, number> = {};
  const out = await underpin("up", "--yes", "-o", "json");
  const total = seconds(start);
  for (const line of out.split("\n").filter((text) => text.startsWith("{"))) {
    const event = JSON.parse(line) as { part?: string; state?: string; seconds?: number };
    if (event.state === "done" && event.part !== undefined && event.seconds !== undefined)
      parts[event.part] = event.seconds;
  }
  return { totalSeconds: total, parts, memoryMiB: machineMemory() - before };
}

/** Milliseconds from an object's deletion until it is there again, `count` times. */
async function drift(count: number): Promise<{ p50: number; p99: number }> {
  const kube = (...args: readonly string[]): Promise<string> => underpin("kubectl", "-n", "laptop", ...args);
  const took: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const name = ["service/glance", "deployment/client", "configmap/underpin-ca", "service/placement"][index % 4] ?? "";
    const uid = await kube("get", name, "-o", "jsonpath={.metadata.uid}");
    const watch = kube("wait", "--for=create", name, "--timeout=30s");
    await watch;
    const start = performance.now();
    await kube("delete", name, "--wait=false");
    for (;;) {
      const now = await kube("get", name, "-o", "jsonpath={.metadata.uid}", "--ignore-not-found");
      if (now !== "" && now !== uid) break;
      if (performance.now() - start > 30_000) throw new Error(`${name} did not come back in 30 s`);
    }
    took.push(Math.round(performance.now() - start));
  }
  const sorted = took.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { p50: at(0.5), p99: at(0.99) };
}

const report: Record<string, unknown> = {
  date: new Date().toISOString().slice(0, 10),
  machine: `${cpus().length} × ${cpus()[0]?.model ?? "?"}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
};
// The first run fills what is missing in the cache; the second is the warm one.
if (!process.argv.includes("--no-fill")) await warmUp();
report["warmUp"] = await warmUp();
const again = performance.now();
await underpin("up", "--yes");
report["upOnRunningSeconds"] = seconds(again);
report["driftMs"] = await drift(Number(process.env["BENCH_DRIFT"] ?? 100));
await delay(20_000);
const first = operator();
await delay(60_000);
const later = operator();
report["idleOperator"] = { rssMiB: later.rss, percentOfACore: Math.round(((later.cpu - first.cpu) / 60) * 1000) / 10 };
await underpin("down", "--purge", "--yes");
rmSync(`${state}-config`, { recursive: true, force: true });
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
