import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Exec } from "../host/exec.ts";
import { type BuiltImage, ensureImages, type ImageOptions } from "./index.ts";
import { RecipeError } from "./recipe.ts";

/** Longest a program in a tree may take. */
const TIMEOUT_MS = 600_000;

export interface ProgramOptions {
  /** Given to the program on its standard input. */
  readonly input: string;
  /** Files of this machine that the program finds in /run/underpin. */
  readonly files: readonly string[];
  /** Home, temporary and working folder, below /tmp. */
  readonly folder: string;
}

/** An image's tree, unpacked, for programs that are run in it. It goes away when it is disposed of. */
export interface ImageTree extends AsyncDisposable {
  /** First 16 digits of the hash of the image's recipe, or of the digest of its manifest. */
  readonly image: string;
  /** Standard output of a program in namespaces of its own, without a network. Throws ExecError. */
  run(argv: readonly string[], options: ProgramOptions): Promise<string>;
}

interface Layer {
  readonly archive: string;
  readonly digest: string;
}

/** The tree of one of our images, with the programs of others `beside` its own; they are made when missing. Needs root. */
export async function imageTree(
  name: string,
  options: ImageOptions,
  beside: readonly string[] = [],
): Promise<ImageTree> {
  const images = await ensureImages({ ...options, names: [name, ...beside] });
  const main = images.find((image) => image.name === name);
  // Its own layer lies above the others: what both have is as it has it.
  const layers = await Promise.all(
    [...images.filter((image) => image !== main), ...(main ? [main] : [])].map(ownLayer),
  );
  return unpacked({ layers, image: main?.reference.split(":").at(-1) ?? "", env: await environment(main) }, options);
}

async function ownLayer({ archive }: BuiltImage): Promise<Layer> {
  const { layers } = await record(archive);
  return { archive, digest: layers.at(-1)?.digest ?? "" };
}

async function environment(image: BuiltImage | undefined): Promise<Readonly<Record<string, string>>> {
  return image === undefined ? {} : (await record(image.archive)).env;
}

async function record(archive: string) {
  return JSON.parse(await readFile(join(dirname(archive), "image.json"), "utf8")) as {
    readonly layers: readonly { readonly digest: string }[];
    readonly env: Readonly<Record<string, string>>;
  };
}

/** The tree of an OCI archive that holds all of its image's layers. Needs root. */
export async function archiveTree(
  archive: string,
  options: Pick<ImageOptions, "exec" | "cacheDir">,
): Promise<ImageTree> {
  const read = async (path: string): Promise<string> => (await options.exec("tar", ["-xOf", archive, path])).stdout;
  const blob = async (digest: string) =>
    JSON.parse(await read(`blobs/${digest.replace(":", "/")}`)) as Manifest & Config;
  const { manifests } = JSON.parse(await read("index.json")) as { readonly manifests: readonly { digest: string }[] };
  const [manifest, ...others] = manifests;
  if (manifest === undefined || others.length > 0)
    throw new RecipeError(`${archive} holds ${manifests.length} images; give an archive of one, for one architecture`);
  const { config, layers } = await blob(manifest.digest);
  const env = (await blob(config.digest)).config.Env ?? [];
  return unpacked(
    {
      layers: layers.map(({ digest }) => ({ archive, digest })),
      image: manifest.digest.slice("sha256:".length, "sha256:".length + 16),
      env: Object.fromEntries(env.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)])),
    },
    options,
  );
}

interface Manifest {
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly digest: string }[];
}
interface Config {
  readonly config: { readonly Env?: readonly string[] };
}

interface Content {
  readonly layers: readonly Layer[];
  readonly image: string;
  readonly env: Readonly<Record<string, string>>;
}

async function unpacked(
  { layers, image, env }: Content,
  { exec, cacheDir }: Pick<ImageOptions, "exec" | "cacheDir">,
): Promise<ImageTree> {
  await mkdir(cacheDir, { recursive: true, mode: 0o755 });
  await removeLeft(cacheDir);
  const work = await mkdtemp(join(cacheDir, `tree-${process.pid}-`));
  const remove = (): Promise<void> => rm(work, { recursive: true, force: true });
  const tree = join(work, "root");
  try {
    await mkdir(tree, { mode: 0o755 });
    for (const layer of layers) await unpackLayer(layer, { work, tree, exec });
  } catch (error) {
    await remove();
    throw error;
  }
  let runs = 0;
  const running = new Set<Promise<string>>();
  const start = async (argv: readonly string[], options: ProgramOptions): Promise<string> => {
    const folder = join(work, `run-${(runs += 1)}`);
    await mkdir(folder);
    for (const file of options.files) await copyFile(file, join(folder, basename(file)));
    return runInside({ tree, folder, env, exec }, argv, options);
  };
  return {
    image,
    run: (argv, options) => {
      const done = start(argv, options);
      running.add(done);
      return done;
    },
    [Symbol.asyncDispose]: async () => {
      // One of several that failed ends the work, while the others still use the tree.
      await Promise.allSettled(running);
      await remove();
    },
  };
}

/** Trees of processes that were killed: folders only, since what is mounted in them goes with its namespace. */
async function removeLeft(cacheDir: string): Promise<void> {
  for (const name of await readdir(cacheDir)) {
    const owner = /^tree-(\d+)-/.exec(name)?.[1];
    const lives = owner === undefined || (await stat(`/proc/${owner}`).catch(() => undefined)) !== undefined;
    if (!lives) await rm(join(cacheDir, name), { recursive: true, force: true });
  }
}

/** A layer may be compressed: tar sees that in a file, not in a pipe. */
async function unpackLayer(
  { archive, digest }: Layer,
  { work, tree, exec }: { readonly work: string; readonly tree: string; readonly exec: Exec },
): Promise<void> {
  const script = `tar -xOf "$1" "$2" > "$3/layer"; tar -xpf "$3/layer" -C "$4"; rm "$3/layer"; chmod 755 "$4"
find "$4" -name '.wh.*' | while read -r file; do name=\${file##*/}; rm -rf "$file" "\${file%/*}/\${name#.wh.}"; done`;
  await exec("sh", ["-euc", script, "sh", archive, `blobs/${digest.replace(":", "/")}`, work, tree]);
}

/** Arguments: tree, folder with the program's files, its home; then the program. What is mounted goes with the namespace. */
const ENTER = `tree=$1 files=$2 home=$3; shift 3
mount -t proc proc "$tree/proc"
mount -t tmpfs -o mode=755 tmpfs "$tree/run"
mkdir "$tree/run/underpin"; cp "$files"/* "$tree/run/underpin/"
mount -t tmpfs -o mode=1777 tmpfs "$tree/tmp"
mkdir -p "$tree$home"
mount -t tmpfs -o mode=755 tmpfs "$tree/dev"
mkdir -m 1777 "$tree/dev/shm"
for node in null zero urandom; do touch "$tree/dev/$node"; mount --bind "/dev/$node" "$tree/dev/$node"; done
hostname underpin
# Without a seed, what Python keeps in sets comes in another order each time.
exec chroot "$tree" /usr/bin/env -i HOME="$home" TMPDIR="$home" PYTHONPATH=/run/underpin PYTHONHASHSEED=0 "$@"`;

async function runInside(
  {
    tree,
    folder,
    env,
    exec,
  }: { readonly tree: string; readonly folder: string; readonly env: Content["env"]; readonly exec: Exec },
  argv: readonly string[],
  options: ProgramOptions,
): Promise<string> {
  const script = join(folder, "enter.sh");
  await writeFile(script, ENTER);
  const namespaces = [
    "--mount",
    "--propagation",
    "private",
    "--pid",
    "--fork",
    "--kill-child",
    "--net",
    "--uts",
    "--ipc",
  ];
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const command = ["sh", "-eu", script, tree, folder, options.folder, ...variables];
  const inside = ["/bin/sh", "-euc", 'cd "$HOME"; exec "$@"', "sh", ...argv];
  const { stdout } = await exec("setpriv", ["--pdeathsig", "KILL", "unshare", ...namespaces, ...command, ...inside], {
    input: options.input,
    timeoutMs: TIMEOUT_MS,
  });
  return stdout;
}
