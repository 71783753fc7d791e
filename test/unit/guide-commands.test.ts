// Every `underpin ...` of the guides and of the README is a command line that the command itself takes, and every object that
// is shown in them is one that an API server would take.
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { type Command, type RouteMap, run } from "@stricli/core";
import { Ajv } from "ajv";
import { parse, parseAllDocuments } from "yaml";
import { customResourceDefinitions } from "../../src/api/crd.ts";
import { application } from "../../src/cli/app.ts";
import { judgeFile } from "../../src/cli/cloud-file.ts";
import type { CliContext } from "../../src/cli/context.ts";
import { fieldAt } from "../../src/kube/types.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const FILES = ["README.md", "docs/reference/plans.md", ...globSync("docs/guides/*.md", { cwd: ROOT })];
const TEXTS = FILES.map((file) => [file, readFileSync(join(ROOT, file), "utf8")] as const);
/** Everything behind these is another program's. */
const HANDED_OVER = ["kubectl", "openstack", "test"];

/** Blocks between fences, of whichever kind, and the text around them. */
function blocksOf(text: string): { readonly blocks: readonly Block[]; readonly prose: readonly string[] } {
  const blocks: { kind: string; lines: string[] }[] = [];
  const prose: string[] = [];
  let inside = false;
  for (const line of text.split("\n")) {
    const [, kind] = /^```(\w*)$/.exec(line) ?? [];
    if (kind === undefined) (inside ? (blocks.at(-1)?.lines ?? prose) : prose).push(line);
    else {
      if (!inside) blocks.push({ kind, lines: [] });
      inside = !inside;
    }
  }
  return { blocks, prose };
}

interface Block {
  readonly kind: string;
  readonly lines: readonly string[];
}

/** The words behind `underpin` in all commands of a text; what the shell makes of the rest is left out. */
function commandLines(text: string): string[][] {
  const { blocks, prose } = blocksOf(text);
  const shown = [
    ...blocks.flatMap(({ kind, lines }) => (["", "console", "sh"].includes(kind) ? lines : [])),
    ...prose.flatMap((line) => /^ {4}(\S.*)$/.exec(line)?.slice(1) ?? []),
    ...prose.flatMap((line) => [...line.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code)),
  ];
  return shown.flatMap((line) => {
    const [, rest] = /^(?:\$ )?(?:sudo )?(?:\.\/)?underpin ([a-z].*)$/.exec(line.trim()) ?? [];
    if (rest === undefined) return [];
    const own = rest.split(/ (?:[|>#<;]|&&|\|\|)|;/)[0] ?? "";
    const words = own
      .trim()
      .split(/\s+/)
      .map((word) => word.replaceAll(/["'()…]|\.\.\.$/g, ""));
    return [words.filter((word) => word !== "")];
  });
}

type Entry = RouteMap<CliContext> | Command<CliContext>;

/** Puts another work in place of each verb's. */
function stub(entry: Entry, work: () => void): void {
  if ("getAllEntries" in entry) for (const { target } of entry.getAllEntries()) stub(target, work);
  else Object.assign(entry, { loader: () => Promise.resolve(() => work()) });
}

const app = application(false);
let taken = 0;
stub(app.root, () => {
  taken += 1;
});

/** What the command says to a line: nothing when it takes it. */
async function said(words: readonly string[]): Promise<string> {
  const lines: string[] = [];
  const stream = { write: (text: string) => void lines.push(text) };
  const before = taken;
  const context = { process: { stdout: stream, stderr: stream, exitCode: undefined }, env: {} };
  await run(app, words, context as unknown as CliContext);
  return taken > before ? "" : lines.join("").trim();
}

/** Why a line is none; undefined when it is one. In a sentence a verb stands for itself, without what it needs. */
async function complaint(words: readonly string[]): Promise<string | undefined> {
  const answer = await said(words);
  if (answer === "" || answer.includes(`underpin ${words.filter((word) => word !== "--help").join(" ")} -h`))
    return undefined;
  return (await said([...words, "--help"])).includes(`underpin ${words.join(" ")} -h`) ? undefined : answer;
}

test("a line that is none is complained of", async () => {
  assert.deepEqual(commandLines("    sudo ./underpin plan -f a.yaml | jq .x\n"), [["plan", "-f", "a.yaml"]]);
  assert.match((await complaint(["plan", "--no-such-flag"])) ?? "", /no-such-flag/);
  assert.match((await complaint(["unheard"])) ?? "", /no command "unheard"/);
  assert.match((await complaint(["unheard", "of"])) ?? "", /no command "unheard"/);
  assert.match((await complaint(["config", "unheard"])) ?? "", /unheard/);
  assert.match((await complaint(["plan", "one", "another"])) ?? "", /another|arguments/);
  assert.equal(await complaint(["plan", "-f", "cloud.yaml", "--detail"]), undefined);
  assert.equal(await complaint(["config", "show"]), undefined);
});

for (const [file, text] of TEXTS)
  test(`the commands of ${file} are commands`, async () => {
    const wrong: string[] = [];
    for (const words of commandLines(text)) {
      if (HANDED_OVER.includes(words[0] ?? "")) continue;
      const reason = await complaint(words);
      if (reason !== undefined) wrong.push(`underpin ${words.join(" ")}: ${reason}`);
    }
    assert.deepEqual(wrong, []);
  });

const YAML = TEXTS.flatMap(([file, text]) =>
  blocksOf(text)
    .blocks.filter(({ kind }) => kind === "yaml")
    .map(({ lines }, index) => ({ file, index, block: lines.join("\n") })),
);
const LAPTOP = readFileSync(join(ROOT, "examples/laptop.yaml"), "utf8");
const SCHEMAS = new Map(
  customResourceDefinitions().map((one) => {
    const version = (fieldAt(one, "spec", "versions") as readonly unknown[])[0];
    return [String(fieldAt(one, "spec", "names", "kind")), fieldAt(version, "schema", "openAPIV3Schema") as object];
  }),
);

/** A part of a Cloud laid over the smallest one, its own lists in place of that one's. */
function whole(part: object): object {
  const cloud = parse(LAPTOP) as { spec: object };
  return { ...cloud, spec: { ...cloud.spec, ...(fieldAt(part, "spec") as object) } };
}

async function errorsOf(cloud: object): Promise<string[]> {
  const { findings } = await judgeFile(JSON.stringify(cloud));
  return findings.filter(({ severity }) => severity === "error").map(({ path, message }) => `${path}: ${message}`);
}

test("the objects of the guides are right", async () => {
  let judged = 0;
  const ajv = new Ajv({ strict: false, formats: { int32: true, int64: true, double: true, "date-time": true } });
  for (const { file, index, block } of YAML) {
    const where = `${file}, block ${index}`;
    if (block.startsWith("# wrong.yaml")) continue;
    for (const document of parseAllDocuments(block)) {
      assert.deepEqual(document.errors, [], where);
      const value = document.toJS() as object;
      const kind = fieldAt(value, "kind");
      const part = kind === undefined && fieldAt(value, "spec") !== undefined;
      if (kind === "Cloud" || part) {
        assert.deepEqual(await errorsOf(part ? whole(value) : value), [], where);
        judged += 1;
      } else if (typeof kind === "string" && SCHEMAS.has(kind)) {
        const valid = ajv.compile(SCHEMAS.get(kind) ?? {});
        assert.ok(valid(value), `${where}: ${JSON.stringify(valid.errors)}`);
        const candidate = fieldAt(value, "spec", "candidate");
        if (candidate !== undefined) assert.deepEqual(await errorsOf(whole({ spec: candidate })), [], where);
        judged += 1;
      }
    }
  }
  assert.ok(judged >= 8, String(judged));
});
