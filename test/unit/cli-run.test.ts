import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import type { CliContext } from "../../src/cli/context.ts";
import { renderError } from "../../src/cli/errors.ts";
import { pathsFrom } from "../../src/cli/paths.ts";
import { longRun } from "../../src/cli/run.ts";
import { exec } from "../../src/host/exec.ts";
import { details, type Report, timed } from "../../src/host/progress.ts";

let folder: string;
let screen: string;
let output: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cli-run-"));
  screen = output = "";
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function context(): CliContext {
  const env = { UNDERPIN_CACHE: join(folder, "cache"), UNDERPIN_STATE: join(folder, "state") };
  const process = {
    stdout: { write: (text: string) => void (output += text) },
    stderr: { write: (text: string) => void (screen += text) },
  };
  return { process, env, paths: pathsFrom(env), terminal: false, out: () => undefined, err: () => undefined };
}

/** A part whose program prints, as apt and compilers do, and ends with this exit code. */
const noisy = (code: number) => (report: Report) =>
  timed(report, "images/nova", "building nova", () =>
    exec("sh", ["-c", `echo "Get:1 http mirror"; echo "Unpacking libmnl0" >&2; exit ${code}`], {
      onLine: details(report, "images/nova"),
    }),
  );
const run = (code: number, form?: "json") =>
  longRun(context(), { command: "underpin up", output: form }, ({ report }) => noisy(code)(report));
const log = () => readFile(join(folder, "cache/logs/underpin-up.log"), "utf8");

test("what programs print is in a log file, and not on the screen", async () => {
  await run(0);
  assert.match(screen, /^\.\.\. building nova\nok {2}building nova \([0-9.]+s\)\n$/);
  assert.match(await log(), /^\S+ images\/nova: Get:1 http mirror$/m);
  assert.match(await log(), /^\S+ images\/nova: Unpacking libmnl0$/m);
});

test("with -o json it is no event either", async () => {
  await run(0, "json");
  const events = output
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { state: string }).state);
  assert.deepEqual(events, ["started", "done"]);
});

test("a part that fails is told in one line, and the error has its last lines and the log", async () => {
  const error: unknown = await run(3).catch((thrown: unknown) => thrown);
  assert.match(screen, /^\.\.\. building nova\nERR images\/nova: sh -c .*: exit code 3 \([0-9.]+s\)\n$/);
  const text = renderError(error);
  assert.match(text, /exit code 3\n {2}Unpacking libmnl0/);
  assert.match(text, new RegExp(`\\n {2}log: ${join(folder, "cache/logs/underpin-up.log")}`));
});

test("a failure of a part that printed nothing names no log; one run before is kept", async () => {
  await run(0);
  const silent = longRun(context(), { command: "underpin up", output: undefined }, async ({ report }) => {
    await noisy(0)(report);
    await timed(report, "kubeadm", "making the cluster", () => Promise.reject(new Error("no")));
  });
  assert.equal(renderError(await silent.catch((thrown: unknown) => thrown)), "error: no");
  assert.ok(existsSync(join(folder, "cache/logs/underpin-up.log.before")));
});

test("a log and timings that cannot be written hide no error", async () => {
  await writeFile(join(folder, "cache"), "no folder");
  const error: unknown = await run(3).catch((thrown: unknown) => thrown);
  assert.match(renderError(error), /exit code 3\n {2}Unpacking libmnl0$/);
});
