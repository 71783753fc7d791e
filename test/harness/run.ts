import { spawn } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { exec } from "../../src/host/exec.ts";
import { installTools } from "../../src/underlay/index.ts";

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

interface Part {
  readonly name: string;
  /** Part of `--fast`, the inner loop. */
  readonly fast: boolean;
  /** Runs only when it is named: what takes long, and of which another part takes a sample. */
  readonly named?: true;
  /** Minutes after which it is ended and counts as failed. */
  readonly minutes: number;
  run(part: Part): Promise<Counts>;
}

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const BIN = join(ROOT, "node_modules", ".bin");

/** Files whose content was right the last time are not looked at again: most of the inner loop's seconds. */
const FORMAT_CACHE = ["--cache", "--cache-strategy", "content"];

/** More than a hundred processes load much the same modules: Node keeps what it compiled, by the source's content. */
const COMPILED = { NODE_COMPILE_CACHE: join(ROOT, "node_modules", ".cache", "node-compile") };

/** The parts in order; each keeps to its share of the time table in docs/architecture.md. */
const PARTS: readonly Part[] = [
  { name: "types", fast: true, minutes: 3, run: (part) => command(part, [join(BIN, "tsc"), "--noEmit"]) },
  {
    name: "lint",
    fast: true,
    minutes: 3,
    run: (part) => command(part, [join(BIN, "oxlint"), "--type-aware", "--deny-warnings"]),
  },
  {
    name: "format",
    fast: true,
    minutes: 3,
    run: (part) => command(part, [join(BIN, "prettier"), ...FORMAT_CACHE, "--check", "src/**/*.ts", "test/**/*.ts"]),
  },
  { name: "unit", fast: true, minutes: 5, run: (part) => nodeTests(part, ["test/unit/**/*.test.ts"], 2, COMPILED) },
  {
    name: "programs and images",
    fast: false,
    minutes: 35,
    run: (part) => nodeTests(part, ["test/build/**/*.test.ts"], 1),
  },
  {
    // Beside the comparison, which takes its share, images of other releases are made here the first time.
    name: "options",
    fast: false,
    minutes: 25,
    run: (part) => nodeTests(part, ["test/options/**/*.test.ts"], 2),
  },
  {
    name: "contract",
    fast: false,
    minutes: 15,
    run: (part) => nodeTests(part, ["test/contract/**/*.test.ts", "test/integration/**/*.test.ts"], 1),
  },
  {
    name: "end to end",
    fast: false,
    minutes: 35,
    run: (part) => nodeTests(part, ["test/e2e/**/*.test.ts"], 1, cloudOfTheTests()),
  },
  {
    name: "kills",
    fast: false,
    named: true,
    minutes: 35,
    run: (part) => nodeTests(part, ["test/kills/**/*.test.ts"], 1, cloudOfTheTests()),
  },
];

/** Runs the parts whose names are given, or all, or with `--fast` those of the inner loop; true when nothing failed. */
export async function runTests(args: readonly string[]): Promise<boolean> {
  const names = args.filter((arg) => !arg.startsWith("-"));
  const chosen = PARTS.filter((part) =>
    names.length > 0 ? names.includes(part.name) : part.named !== true && (part.fast || !args.includes("--fast")),
  );
  if (chosen.length === 0)
    throw new Error(`no part is named ${names.join(", ")}; there are: ${PARTS.map(({ name }) => name).join(", ")}`);
  if (chosen.some(({ fast }) => !fast)) await setUp();
  const total: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const part of chosen) {
    const start = performance.now();
    process.stdout.write(`${part.name}\n`);
    const counts = await part.run(part);
    total.passed += counts.passed;
    total.failed += counts.failed;
    total.skipped += counts.skipped;
    process.stdout.write(`  ${Math.round((performance.now() - start) / 1000)} s\n`);
  }
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
  process.stdout.write(`\n${total.passed} passed, ${total.failed} failed${skipped}\n`);
  return total.failed === 0 && total.passed > 0;
}

/** The machine's programs that builds and nodes use: `up` brings them, and the tests must not need an `up` before them. */
async function setUp(): Promise<void> {
  if (process.getuid?.() !== 0) return; // what needs root says so, and is skipped
  await installTools(exec, ({ state, message }) => {
    if (state === "started") process.stdout.write(`${message}\n`);
  });
}

/** A program that is one test: it passes when it ends with 0. */
async function command(part: Part, argv: readonly string[]): Promise<Counts> {
  const code = await run(part, argv, {});
  process.stdout.write(`  ${code === 0 ? "ok      " : "FAILED  "} ${part.name}\n`);
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
}

/** A cloud of their own: neither its state nor the user's entry for it is the user's. */
function cloudOfTheTests(): Record<string, string> {
  const state = process.env["UNDERPIN_TEST_STATE"] ?? "/var/lib/underpin-test";
  return {
    UNDERPIN_STATE: state,
    XDG_CONFIG_HOME: `${state}-config`,
    XDG_CACHE_HOME: cacheHome(),
    UNDERPIN_E2E_CLOUD: "underpin",
  };
}

function cacheHome(): string {
  return process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
}

async function nodeTests(
  part: Part,
  patterns: readonly string[],
  concurrency: number,
  env: Record<string, string> = {},
): Promise<Counts> {
  const files = patterns.flatMap((pattern) => globSync(pattern, { cwd: ROOT })).toSorted();
  if (files.length === 0) return { passed: 0, failed: 0, skipped: 0 };
  const folder = mkdtempSync(join(tmpdir(), "underpin-test-"));
  try {
    const countsFile = join(folder, "counts");
    const reporter = join(ROOT, "test", "harness", "reporter.ts");
    const options = [
      "--test",
      `--test-concurrency=${concurrency}`,
      `--test-reporter=${reporter}`,
      "--test-reporter-destination=stdout",
    ];
    const code = await run(part, [process.execPath, ...options, ...files], {
      ...env,
      UNDERPIN_TEST_COUNTS: countsFile,
    });
    const counts = readCounts(countsFile);
    // A run that died counts as one failure, whatever it had counted.
    return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readCounts(file: string): Counts {
  try {
    return JSON.parse(readFileSync(file, "utf8").trim()) as Counts;
  } catch {
    return { passed: 0, failed: 0, skipped: 0 }; // it ended before it could count
  }
}

function run(part: Part, argv: readonly string[], env: Record<string, string>): Promise<number> {
  const [file = "", ...args] = argv;
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      cwd: ROOT,
      stdio: ["ignore", "inherit", "inherit"],
      env: { ...process.env, ...env },
    });
    const timer = setTimeout(() => {
      process.stdout.write(`  FAILED   ${part.name} took longer than ${part.minutes} minutes and was ended\n`);
      child.kill("SIGKILL");
    }, part.minutes * 60_000);
    child.on("error", (error) => {
      process.stdout.write(`  FAILED   ${part.name}: ${error.message}\n`);
      clearTimeout(timer);
      resolve(1);
    });
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve(code ?? 1);
    });
  });
}

process.exitCode = (await runTests(process.argv.slice(2))) ? 0 : 1;
