// The Python of an image, as its pods run it, for tests that compare with the real libraries.
import { homedir } from "node:os";
import { join } from "node:path";
import { pathsFrom } from "../../src/cli/paths.ts";
import { exec } from "../../src/host/exec.ts";
import { ContentStore } from "../../src/host/store.ts";
import { imageTree } from "../../src/images/tree.ts";

const PYTHON = "/opt/openstack/bin/python";

/** Why there is none; false when there is. */
export const skip: string | false =
  process.getuid?.() === 0 ? false : "needs root: an image's tree is entered by chroot";

export interface ImagePython extends AsyncDisposable {
  /** Standard output of the script, of 16 MiB at most; it can import `modules`, files of this machine. Throws ExecError. */
  run(script: string, input?: string, modules?: readonly string[]): Promise<string>;
}

/**
 * Unpacks the image, with the programs of images `beside` it, and their parents (a few seconds, half a GiB) from the cache,
 * where they are built if they are missing. Everything goes away when it is disposed of.
 */
export async function imagePython(image: string, beside: readonly string[] = []): Promise<ImagePython> {
  const { cache } = pathsFrom(process.env, homedir());
  const store = new ContentStore(join(cache, "store"));
  const tree = await imageTree(image, { store, cacheDir: cache, exec, report: () => undefined }, beside);
  return {
    run: (script, input = "", files = []) => tree.run([PYTHON, "-c", script], { input, files, folder: "/tmp/home" }),
    [Symbol.asyncDispose]: () => tree[Symbol.asyncDispose](),
  };
}
