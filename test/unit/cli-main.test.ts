import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { COMMAND_REFERENCE } from "../../src/cli/generate.ts";
import { commandReference } from "../../src/cli/reference.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const golden = fileURLToPath(new URL("cli-golden/", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "cli-main-"));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Output {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

const clean = {
  UNDERPIN_STATE: join(folder, "state"),
  UNDERPIN_CACHE: join(folder, "cache"),
  KUBECONFIG: "",
  PATH: process.env["PATH"] ?? "",
};

function cli(...args: string[]): Output {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, "src/cli/main.ts"), ...args], {
    encoding: "utf8",
    cwd: root,
    env: clean,
  });
  return { code: status, out: stdout, err: stderr };
}

/** Compares with the file in cli-golden; UPDATE_GOLDEN=1 writes it. */
function sameAsGolden(name: string, text: string): void {
  const file = join(golden, name);
  if (process.env["UPDATE_GOLDEN"] === "1") {
    mkdirSync(golden, { recursive: true });
    writeFileSync(file, text);
  }
  assert.equal(text, readFileSync(file, "utf8"));
}

test("help", () => sameAsGolden("help.txt", cli("--help").out));

test("the reference of the command line is what the verbs say", () => {
  assert.equal(readFileSync(COMMAND_REFERENCE, "utf8"), commandReference(), "run npm run generate");
});

test("every verb's help has examples", () => {
  for (const verb of [
    "up",
    "stop",
    "down",
    "check",
    "plan",
    "apply",
    "approve",
    "pause",
    "resume",
    "abort",
    "history",
    "diff",
    "undo",
    "explain",
    "schema",
    "status",
    "watch",
    "witness",
    "doctor",
    "kubeconfig",
    "logs",
    "version",
    "completion",
  ]) {
    const { out, code } = cli(verb, "--help");
    assert.equal(code, 0, verb);
    assert.match(out, new RegExp(`EXAMPLES\\n.*underpin ${verb}|EXAMPLES\\n(.*\\n)*.*underpin ${verb}`), verb);
  }
});

test("check tells what is wrong, for people and for programs", () => {
  const file = "test/unit/cli-golden/bad.yaml";
  const people = cli("check", "-f", file);
  assert.equal(people.code, 2);
  sameAsGolden("check-bad.txt", people.out);
  const programs = cli("check", "-f", file, "-o", "json");
  assert.equal(programs.code, 2);
  sameAsGolden("check-bad.json", programs.out);
  const { findings } = JSON.parse(programs.out) as { findings: Record<string, unknown>[] };
  for (const finding of findings)
    assert.deepEqual(Object.keys(finding).toSorted(), ["code", "line", "message", "path", "severity"]);
});

test("check of the example is right, and reads standard input", () => {
  assert.deepEqual(cli("check", "-f", "examples/laptop.yaml"), {
    code: 0,
    out: "examples/laptop.yaml: right\n",
    err: "",
  });
  const input = readFileSync(join(root, "examples/laptop.yaml"), "utf8");
  const { status, stdout } = spawnSync(
    process.execPath,
    [join(root, "src/cli/main.ts"), "check", "-f", "-", "-o", "json"],
    { encoding: "utf8", input, env: clean },
  );
  assert.deepEqual([status, JSON.parse(stdout)], [0, { findings: [] }]);
});

test("a wrong command line is told what is right, with exit code 2", () => {
  assert.deepEqual(cli("chek"), {
    code: 2,
    out: "",
    err: 'error: there is no command "chek"\n  next: Did you mean: underpin check\n',
  });
  assert.equal(cli("check").code, 2);
  assert.match(cli("check", "--fille", "x").err, /^error: .*\n {2}next: /);
  assert.deepEqual([cli("check", "-f", "/nowhere").code, cli("completion", "tcsh").code], [2, 2]);
});

test("a Cloud that is not right starts nothing", () => {
  const { code, err } = cli("up", "-f", "test/unit/cli-golden/bad.yaml");
  assert.equal(code, 2);
  assert.match(err, /^error: The Cloud in .* is not right; nothing was touched\n {2}.*bad\.yaml:\d+: error: /);
});

test("without a cluster, what needs one says so with exit code 4", () => {
  for (const args of [["status"], ["kubeconfig"], ["logs", "nova"], ["kubectl", "get", "nodes"], ["watch"]]) {
    const { code, out, err } = cli(...args);
    assert.equal(code, 4, `${args.join(" ")}: ${out}${err}`);
    assert.match(out + err, /underpin up/);
    assert.ok(!err.includes("    at "), "no stack trace");
  }
});

test("a plan that cannot be made ends with 1, for 2 says that there are changes", () => {
  for (const args of [
    ["-f", "examples/laptop.yaml"],
    ["-f", "/nowhere"],
    ["-f", "test/unit/cli-golden/bad.yaml"],
    ["--fille", "x"],
    ["laptop-7"],
    ["laptop-7", "-f", "examples/laptop.yaml"],
    [],
  ])
    assert.equal(cli("plan", ...args).code, 1, args.join(" "));
});

test("verbs and flags complete", () => {
  assert.match(cli("__complete", "st").out, /^stop\t.*\nstatus\t/);
  for (const shell of ["bash", "zsh", "fish"]) assert.match(cli("completion", shell).out, /__complete/);
  const { status, stdout } = spawnSync(
    "bash",
    [
      "-c",
      'source <("$0" "$1" completion bash); COMP_WORDS=(underpin sta); COMP_CWORD=1; underpin() { "$0" "$1" "$@"; }; declare -F _underpin',
      process.execPath,
      join(root, "src/cli/main.ts"),
    ],
    { encoding: "utf8" },
  );
  assert.deepEqual([status, stdout], [0, "_underpin\n"]);
});

/** A checkout in a folder whose name has spaces, with what is installed already. */
function checkout(): string {
  const place = join(folder, "a place with spaces");
  mkdirSync(join(place, "node_modules"), { recursive: true });
  for (const name of ["src", "examples"]) symlinkSync(join(root, name), join(place, name));
  for (const name of ["underpin", "package.json", "package-lock.json"]) cpSync(join(root, name), join(place, name));
  cpSync(join(root, "package-lock.json"), join(place, "node_modules", ".underpin-run"));
  return place;
}

test("the bootstrap works from any folder, with any umask and language, and is silent when all is there", () => {
  const place = checkout();
  const env = { ...clean, PATH: `${dirname(process.execPath)}:${clean.PATH}`, LANG: "tr_TR.ISO-8859-9", HOME: folder };
  const run = spawnSync("sh", ["-c", 'umask 077; cd /; "$0" version -o json', join(place, "underpin")], {
    encoding: "utf8",
    env,
  });
  assert.equal(run.stderr, "");
  assert.equal((JSON.parse(run.stdout) as { underpin: string }).underpin, "0.1.0");
  symlinkSync(join(place, "underpin"), join(folder, "link"));
  assert.equal(spawnSync(join(folder, "link"), ["version"], { encoding: "utf8", env }).status, 0);
});

test("the bootstrap says what to install when there is neither Node nor npm", () => {
  const bin = join(folder, "bin");
  mkdirSync(bin);
  for (const tool of ["sh", "uname", "dirname", "readlink", "mkdir", "flock", "cmp"]) {
    const found = spawnSync("sh", ["-c", `command -v ${tool}`], { encoding: "utf8" }).stdout.trim();
    if (found !== "") symlinkSync(found, join(bin, tool));
  }
  const { status, stderr } = spawnSync(join(bin, "sh"), [join(root, "underpin"), "version"], {
    encoding: "utf8",
    env: { PATH: bin, UNDERPIN_CACHE: join(folder, "empty cache") },
  });
  assert.equal(status, 1);
  assert.match(stderr, /^error: Underpin needs npm to get Node 26, and there is none\n {2}next: Install it/);
});

test("npm ci accepts the lock file: each optional package that it lists is in it", () => {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    packages: Record<string, { optionalDependencies?: object; resolved?: string }>;
  };
  for (const [path, locked] of Object.entries(lock.packages)) {
    for (const name of Object.keys(locked.optionalDependencies ?? {}))
      assert.ok(`node_modules/${name}` in lock.packages, `${path} wants ${name}: run npm run lock`);
    assert.equal(locked.resolved, undefined, `${path} names a registry`);
  }
});
