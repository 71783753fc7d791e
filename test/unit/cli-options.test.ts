// The commands around options, as people and programs see them; UPDATE_GOLDEN=1 writes the files of cli-golden.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { readIniEntries } from "../../src/oslo/read.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const GOLDEN = "test/unit/cli-golden";
const folder = mkdtempSync(join(tmpdir(), "cli-options-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function cli(...args: string[]): { readonly code: number | null; readonly out: string; readonly err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, "src/cli/main.ts"), ...args], {
    encoding: "utf8",
    cwd: ROOT,
    env: { PATH: process.env["PATH"] ?? "", UNDERPIN_STATE: join(folder, "state"), KUBECONFIG: "" },
    maxBuffer: 1e8,
  });
  return { code: status, out: stdout, err: stderr };
}

function sameAsGolden(name: string, text: string): void {
  const file = join(ROOT, GOLDEN, name);
  if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(file, text);
  assert.equal(text, readFileSync(file, "utf8"));
  // oxlint-disable-next-line no-control-regex
  assert.ok(!/\u001b/.test(text), "no colours where no terminal is");
  assert.ok(!text.includes("hidden"), "no secret");
}

const OUTPUTS: Readonly<Record<string, readonly [code: number, ...args: string[]]>> = {
  "explain-option.txt": [0, "explain", "placement.placement.allocation_conflict_retry_count"],
  "explain-option.json": [0, "explain", "placement.placement.allocation_conflict_retry_count", "-o", "json"],
  "explain-owned.txt": [0, "explain", "placement.placement_database.connection"],
  "explain-older.txt": [0, "explain", "placement.DEFAULT.logfile"],
  "explain-group.txt": [0, "explain", "placement.placement"],
  "explain-unknown.txt": [2, "explain", "placement.placement.alocation_conflict_retry_count"],
  "config-show.txt": [0, "config", "show", "placement", "-f", `${GOLDEN}/options.yaml`],
  "config-show-provenance.txt": [0, "config", "show", "placement", "-p", "-f", `${GOLDEN}/options.yaml`],
  "config-show.ini": [0, "config", "show", "placement", "-o", "ini", "-f", `${GOLDEN}/options.yaml`],
  "config-show-provenance.ini": [0, "config", "show", "placement", "-p", "-o", "ini", "-f", `${GOLDEN}/options.yaml`],
  "config-show.json": [0, "config", "show", "placement", "-o", "json", "-f", `${GOLDEN}/options.yaml`],
  "config-show-component.txt": [2, "config", "show", "placement", "-c", "scheduler", "-f", `${GOLDEN}/options.yaml`],
  "config-diff.txt": [
    0,
    "config",
    "diff",
    "--from",
    "2025.1",
    "--to",
    "2026.1",
    "-s",
    "placement",
    "-f",
    `${GOLDEN}/options.yaml`,
  ],
  "config-import.txt": [1, "config", "import", `${GOLDEN}/placement.conf`],
  "config-import.json": [1, "config", "import", "-o", "json", `${GOLDEN}/placement.conf`],
};

for (const [name, [code, ...args]] of Object.entries(OUTPUTS))
  test(`${args.join(" ")}: ${name}`, () => {
    const found = cli(...args);
    sameAsGolden(name, `${found.out}${found.err}`);
    assert.equal(found.code, code);
  });

/** What depends on the services and releases that there are. */
const SAYINGS: readonly (readonly [code: number, says: RegExp, ...args: string[]])[] = [
  [
    0,
    /^placement: \d+ groups of options in OpenStack 2025\.1\ncomponents: api\n\nGROUP +OPTIONS\nDEFAULT +\d+\n/,
    "explain",
    "placement",
  ],
  [2, /^error: There is no service placment in 2025\.1\n {2}next: Did you mean placement\? /, "explain", "placment"],
  [
    2,
    /^error: There is no release 1999\.1\n {2}next: The releases are 2025\.1/,
    "explain",
    "nova",
    "--release",
    "1999.1",
  ],
  [2, /^error: There is no service plcement /, "config", "show", "plcement", "-f", `${GOLDEN}/options.yaml`],
  [
    2,
    /^error: The service of .* cannot be told from its name\n {2}next: Say it: --service /,
    "config",
    "import",
    "x.conf",
  ],
  [
    0,
    /^Nothing of what .*\n[^]*\nplacement: no difference\n/,
    "config",
    "diff",
    "--from",
    "2025.1",
    "--to",
    "2025.1",
    "-f",
    `${GOLDEN}/options.yaml`,
  ],
  [2, /^error: There is no release 2/, "config", "diff", "--from", "2", "--to", "2025.1"],
  [2, /^error: There is no release 2/, "schema", "--release", "2"],
];

for (const [code, says, ...args] of SAYINGS)
  test(`${args.join(" ")} ends with ${code}`, () => {
    const found = cli(...args);
    assert.match(`${found.out}${found.err}`, says);
    assert.equal(found.code, code);
  });

test("what programs read is JSON or YAML on standard output alone", () => {
  for (const args of [
    ["explain", "placement.api", "-o", "json"],
    ["config", "show", "placement", "--all", "-o", "json", "-f", `${GOLDEN}/options.yaml`],
    ["config", "import", "-o", "json", `${GOLDEN}/placement.conf`],
    ["schema"],
  ]) {
    const { out, err } = cli(...args);
    assert.equal(err, "", args.join(" "));
    assert.equal(typeof JSON.parse(out), "object");
  }
});

test("as INI, defaults are comments: the file says what it said", () => {
  const entries = (...args: string[]) =>
    readIniEntries(cli("config", "show", "nova", "-o", "ini", "-f", `${GOLDEN}/options.yaml`, ...args).out).map(
      ({ group, option, text }) => [group, option, text],
    );
  const plain = entries("-c", "scheduler");
  assert.ok(plain.length > 50);
  assert.deepEqual(entries("-c", "scheduler", "--all", "-p"), plain);
});

test("a file that oslo.config would refuse is told with its place, exit code 2", () => {
  const file = join(folder, "nova.conf");
  writeFileSync(file, "[DEFAULT]\ndebug = true\nhidden nonsense\n");
  const { code, out, err } = cli("config", "import", file);
  assert.deepEqual([code, out], [2, ""]);
  assert.match(err, /^error: .*nova\.conf:3: the line has neither '=' nor ':'\n {2}next: /);
  assert.ok(!err.includes("nonsense"), "the line itself may be a secret");
  assert.equal(cli("config", "import", join(folder, "none", "nova.conf")).code, 2);
});

test("the Secrets' manifests are in a file for its owner alone, which is never overwritten", () => {
  const file = join(folder, "secrets.yaml");
  const first = cli("config", "import", `${GOLDEN}/placement.conf`, "--secrets", file, "-n", "west");
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.match(
    readFileSync(file, "utf8"),
    /kind: Secret[^]*namespace: west\nstringData:\n {2}profiler\.hmac_keys: hidden\n/,
  );
  assert.ok(!`${first.out}${first.err}`.includes("hidden"));
  const second = cli("config", "import", `${GOLDEN}/placement.conf`, "--secrets", file);
  assert.deepEqual([second.code, second.out], [2, ""]);
});

test("without a cluster and without a file, config show says what to do, exit code 4", () => {
  const { code, err } = cli("config", "show", "placement");
  assert.equal(code, 4);
  assert.match(err, /^error: There is no cluster on this machine\n {2}next: /);
});

test("a folder with the catalogue of an image of one's own is a release", () => {
  const own = join(folder, "my-2025.1");
  cpSync(join(ROOT, "releases/2025.1"), own, { recursive: true });
  writeFileSync(
    join(own, "release.json"),
    readFileSync(join(own, "release.json"), "utf8").replace('"2025.1"', '"my-2025.1"'),
  );
  const { code, out, err } = cli("explain", "placement.placement.max_allocation_candidates", "--release", own);
  assert.equal(code, 0, err);
  assert.match(out, /^placement\.placement\.max_allocation_candidates in /);
  const same = cli("config", "diff", "--from", "2025.1", "--to", own, "-s", "placement");
  assert.deepEqual([same.out, same.code], ["placement: no difference\n", 0]);
  assert.equal(cli("explain", "placement", "--release", join(folder, "none")).code, 2);
  appendFileSync(join(own, "catalogue/placement.jsonl"), "x");
  const damaged = cli("explain", "placement", "--release", own);
  assert.match(damaged.err, /^error: .*placement\.jsonl has SHA-256 .* release\.json says .*: the file was changed\./);
});

test("services, groups and options complete", () => {
  const completed = (partial: string): string[] =>
    cli("__complete", "explain", partial)
      .out.split("\n")
      .map((line) => line.split("\t")[0] ?? "");
  assert.deepEqual(completed("plac"), ["placement", ""]);
  assert.deepEqual(completed("placement.placement_d"), ["placement.placement_database", ""]);
  assert.deepEqual(completed("placement.placement.alloc"), [
    "placement.placement.allocation_candidates_generation_strategy",
    "placement.placement.allocation_conflict_retry_count",
    "",
  ]);
  assert.deepEqual(completed("nothing.x"), [""]);
});
