// The Python of an image, as its pods run it, for tests that compare with the real libraries.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathsFrom } from "../../src/cli/paths.ts";
import { exec } from "../../src/host/exec.ts";
import { ContentStore } from "../../src/host/store.ts";
import { type BuiltImage, ensureImages } from "../../src/images/index.ts";

/** Why there is none; false when there is. */
export const skip: string | false =
  process.getuid?.() === 0 ? false : "needs root: an image's tree is entered by chroot";

export interface ImagePython extends AsyncDisposable {
  /** Standard output of the script; throws with its standard error when it fails. */
  run(script: string, input?: string): Promise<string>;
}

interface ImageRecord {
  readonly layers: readonly { readonly digest: string }[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Unpacks the image and its parents (a few seconds, half a GiB) from the cache, where they are built if they are missing.
 * Everything goes away when it is disposed of.
 */
export async function imagePython(image: string, python = "/opt/openstack/bin/python"): Promise<ImagePython> {
  const { cache } = pathsFrom(process.env, homedir());
  const store = new ContentStore(join(cache, "store"));
  const images = await ensureImages({ store, cacheDir: cache, exec, report: () => undefined, names: [image] });
  const tree = mkdtempSync(join(tmpdir(), "underpin-image-"));
  const remove = (): void => rmSync(tree, { recursive: true, force: true });
  process.once("exit", remove);
  try {
    for (const one of images) await unpack(one, tree);
  } catch (error) {
    remove();
    throw error;
  }
  const { env } = recordOf(images.at(-1));
  return {
    run: (script, input = "") => runIn(tree, { argv: [python, "-c", script], input, env }),
    [Symbol.asyncDispose]: async () => {
      remove();
      process.off("exit", remove);
    },
  };
}

function recordOf(image: BuiltImage | undefined): ImageRecord {
  return JSON.parse(readFileSync(join(dirname(image?.archive ?? ""), "image.json"), "utf8")) as ImageRecord;
}

async function unpack(image: BuiltImage, tree: string): Promise<void> {
  const digest = recordOf(image).layers.at(-1)?.digest ?? "";
  const script = `tar -xOf "$1" "$2" | tar -xpf - -C "$3"
find "$3" -name '.wh.*' | while read -r file; do name=\${file##*/}; rm -rf "$file" "\${file%/*}/\${name#.wh.}"; done`;
  await exec("sh", ["-euc", script, "sh", image.archive, `blobs/${digest.replace(":", "/")}`, tree]);
}

interface Run {
  readonly argv: readonly string[];
  readonly input: string;
  readonly env: Readonly<Record<string, string>>;
}

function runIn(tree: string, { argv, input, env }: Run): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn("chroot", [tree, ...argv], { env, stdio: "pipe" });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    child.stdin.on("error", () => undefined); // its exit code tells what matters
    child.stdin.end(input);
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(Buffer.concat(out).toString());
      else reject(new Error(`${argv[0]} ended with ${code}:\n${Buffer.concat(err).toString().slice(-3000)}`));
    });
  });
}
