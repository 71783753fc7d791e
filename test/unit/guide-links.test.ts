// Links between the documents lead somewhere: to a file that is there, and to a heading that it has.
import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const FILES = globSync("{*.md,docs/**/*.md,src/workloads/*/README.md}", { cwd: ROOT });

/** The text without what stands between fences: it is shown, and leads nowhere. */
function proseOf(file: string): string {
  return readFileSync(join(ROOT, file), "utf8").replaceAll(/^```[^]*?^```$/gm, "");
}

/** As forges make them: lower case, letters, digits and hyphens; a hyphen for each space. */
function anchorsOf(file: string): ReadonlySet<string> {
  const heads = [...proseOf(file).matchAll(/^#+ (.*)$/gm)].map(([, head = ""]) => head);
  return new Set(
    heads.map((head) =>
      head
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}

/** Why the links of a text lead nowhere. */
function dead(file: string, text: string): string[] {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = ""]) => {
    if (/^(https?|mailto):/.test(link)) return [];
    const [path = "", anchor] = link.split("#");
    const target = path === "" ? file : normalize(join(dirname(file), path));
    if (!existsSync(join(ROOT, target))) return [`${file}: there is no ${target}`];
    if (anchor === undefined || !target.endsWith(".md")) return [];
    return anchorsOf(target).has(anchor) ? [] : [`${file}: ${target} has no heading #${anchor}`];
  });
}

test("a link that leads nowhere is found", () => {
  assert.deepEqual(dead("README.md", "[a](docs/none.md), [b](#no-such), [c](https://example.org), [d](LICENSE)"), [
    "README.md: there is no docs/none.md",
    "README.md: README.md has no heading #no-such",
  ]);
  assert.deepEqual(dead("README.md", "[a](docs/architecture.md#three-jobs)"), []);
});

test("links between the documents lead somewhere", () => {
  assert.ok(FILES.length > 20, String(FILES.length));
  assert.deepEqual(
    FILES.flatMap((file) => dead(file, proseOf(file))),
    [],
  );
});
