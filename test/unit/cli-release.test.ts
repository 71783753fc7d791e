import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const skip = process.getuid?.() === 0 ? false : "needs root: the command refuses others before it looks at anything";

for (const [args, code, err] of [
  [[], 2, /No release is named\n.*underpin release catalogue 2025\.1/],
  [["2025.1", "--output", "x"], 2, /A release has its own folder/],
  [["--image", "x.tar"], 2, /No folder is named.*\n.*--output FOLDER/],
  [["--image", "x.tar", "--output", "y", "--check"], 2, /nothing to compare an image of your own with/],
  [["1999.1", "--check"], 1, /release 1999\.1 has no images; known: 2025\.1, 2026\.1/],
  [["--image", "/nonexistent.tar", "--output", "y"], 1, /nonexistent\.tar/],
] as const)
  test(`release catalogue ${args.join(" ")} is refused`, { skip }, () => {
    const { status, stderr, stdout } = spawnSync(process.execPath, [MAIN, "release", "catalogue", ...args], {
      encoding: "utf8",
    });
    assert.equal(status, code, stdout + stderr);
    assert.match(stderr, err);
  });
