// Runs the guide of options: its files are written, its commands run in their order, and their output is the guide's.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const GUIDE = readFileSync(join(ROOT, "docs/guides/options.md"), "utf8");
const folder = mkdtempSync(join(tmpdir(), "guide-options-"));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Block {
  readonly kind: string;
  readonly text: string;
}

const BLOCKS = [...GUIDE.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map(([, kind = "", text = ""]): Block => ({
  kind,
  text,
}));

/** A file's first line is a comment with its name. */
function writeFile({ text }: Block): string {
  const name = /^# (\S+)\n/.exec(text)?.[1];
  assert.ok(name !== undefined, `a file without a name: ${text.slice(0, 40)}`);
  writeFileSync(join(folder, name), text);
  return name;
}

/** A line `...` stands for any lines, ` ... ` in a line for any text; spaces of tables count as one. */
function pattern(expected: string): RegExp {
  const lines = expected
    .trimEnd()
    .split("\n")
    .map((line) => {
      if (line === "...") return "(?:.*\\n)*?";
      const parts = line
        .trim()
        .split(/\s*\.\.\.\s*/)
        .map((part) =>
          part
            .split(/\s+/)
            .map((word) => word.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
            .join(" +"),
        );
      return ` *${parts.join(".*")} *\\n`;
    });
  return new RegExp(`^${lines.join("")}$`);
}

function run(command: string): string {
  const [program, ...args] = command.split(" ");
  assert.equal(program, "./underpin");
  const { stdout, stderr } = spawnSync(process.execPath, [join(ROOT, "src/cli/main.ts"), ...args], {
    cwd: folder,
    encoding: "utf8",
    env: { PATH: process.env["PATH"] ?? "", UNDERPIN_STATE: join(folder, "none"), NO_COLOR: "1" },
  });
  return `${stdout}${stderr}`;
}

for (const [index, block] of BLOCKS.entries())
  if (block.kind === "console")
    test(`block ${index}: ${block.text.split("\n")[0]}`, () => {
      const [, command = "", expected = ""] = /^\$ (.*)\n([^]*)$/.exec(block.text) ?? [];
      const output = run(command);
      assert.match(output, expected === "" ? /^$/ : pattern(expected), `${command} says:\n${output}`);
    });
  else writeFile(block);

test("fragments of Clouds in the guide are right", () => {
  for (const name of ["secret.yaml", "policy.yaml", "vendor.yaml"]) {
    const services = readFileSync(join(folder, name), "utf8").split("  services:\n")[1];
    const head = readFileSync(join(folder, "cloud.yaml"), "utf8").split("  services:\n")[0];
    writeFileSync(join(folder, "whole.yaml"), `${head}  services:\n${services}`);
    assert.match(run("./underpin check -f whole.yaml"), /^(.*: warning: .*\n)*whole\.yaml: right\n$/, name);
  }
});

test("commands that need a cluster are commands", () => {
  const commands = [...GUIDE.matchAll(/^ {4}sudo \.\/underpin (.*)$/gm)].map(([, rest = ""]) => rest.split(" "));
  assert.ok(commands.length > 2);
  for (const [verb = "", next = ""] of commands) {
    if (verb === "kubectl") continue;
    const { status, stdout } = spawnSync(process.execPath, [join(ROOT, "src/cli/main.ts"), verb, next, "--help"], {
      encoding: "utf8",
    });
    assert.equal(status, 0, verb);
    assert.match(stdout, /USAGE/);
  }
});

test("the file is left as the schema's command wrote it", () => {
  const schema = JSON.parse(readFileSync(join(folder, "cloud.schema.json"), "utf8")) as { title: string };
  assert.equal(schema.title, "Cloud of OpenStack 2025.1");
});
