import { copyFile, mkdir, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Exec, ExecError } from "../host/exec.ts";
import { causeOf, lastLines } from "../host/failure.ts";
import { details, type ProgressEvent } from "../host/progress.ts";
import { loadRelease } from "../releases/index.ts";
import type { DebianAccess } from "./debian.ts";
import { npmInventory, stageCopies } from "./inputs.ts";
import { literalPattern, removedPaths, whiteout } from "./layer.ts";
import { type Descriptor, finishArchive, LAYER_OFFSET } from "./oci.ts";
import { lockFiles, type Recipe } from "./recipe.ts";
import { sbom } from "./sbom.ts";
import { buildScript, EXCLUDED, KEPT_EMPTY, updateScript } from "./script.ts";
import { NoSpaceError, shareFiles, type Workspace } from "./workspace.ts";

/** A finished image in the store, as its children need it; kept in `image.json`. */
export interface ImageRecord {
  readonly reference: string;
  readonly parent?: string;
  readonly layers: readonly Descriptor[];
  readonly env: Readonly<Record<string, string>>;
}

export interface Tools {
  readonly exec: Exec;
  readonly workspace: Workspace;
  readonly debian: DebianAccess;
  readonly report: (event: ProgressEvent) => void;
  /** Trees of the parents, nearest first, by paths relative to a build's folder in the workspace. */
  readonly lower: readonly string[];
}

/** An image that could not be built. */
export class BuildError extends Error {
  readonly next: string;
  constructor(message: string, next: string) {
    super(message);
    this.next = next;
    this.name = "BuildError";
  }
}

/** Newer times in a layer are set to this: 2026-01-01. The time of building must not show. */
const EPOCH = "@1767225600";

/** Longest a build may take: a slow mirror, or one core, is no error. */
const BUILD_TIMEOUT_MS = 3_600_000;

/** Certificates with which this machine trusts its registries. */
const CA_FILES = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];

/** Brings the shared package lists up to date; once a run is enough. */
export async function updateLists(tools: Tools): Promise<void> {
  const folder = await prepare("lists-update", tools);
  await sandbox(updateScript(), folder, tools);
  await rm(folder, { recursive: true, force: true });
}

/** Builds the recipe's tree and writes `archive.tar`, `sbom.cdx.json`, `paths` and `image.json` into `out`. */
export async function buildImage(
  recipe: Recipe,
  {
    reference,
    parent,
    parentFolder,
    out,
  }: { reference: string; parent?: ImageRecord; parentFolder?: string; out: string },
  tools: Tools,
): Promise<void> {
  const folder = await buildTree(recipe, tools);
  const archive = join(out, "archive.tar");
  const parentPaths = parentFolder === undefined ? [] : await readPaths(join(parentFolder, "paths"));
  await writeLayer(folder, { archive, parentPaths }, tools);
  const env = { ...parent?.env, ...recipe.env };
  const layers = await finishArchive(archive, { reference, recipe, env, parents: parent?.layers ?? [] });
  const record: ImageRecord = { reference, layers, env, ...(parent === undefined ? {} : { parent: parent.reference }) };
  await writeFile(join(out, "image.json"), JSON.stringify(record));
  await copyFile(join(folder, "paths"), join(out, "paths"));
  await writeSbom(recipe, { folder, out, reference });
  await rm(folder, { recursive: true, force: true });
}

/** Builds the recipe's tree and leaves its output folder as `out/root`, beside `sbom.cdx.json`. */
export async function buildDirectory(
  recipe: Recipe,
  { reference, out }: { reference: string; out: string },
  tools: Tools,
): Promise<void> {
  const folder = await buildTree(recipe, tools);
  await rename(join(folder, "out"), join(out, "root"));
  await writeSbom(recipe, { folder, out, reference });
  await rm(folder, { recursive: true, force: true });
}

async function buildTree(recipe: Recipe, tools: Tools): Promise<string> {
  const folder = await prepare(recipe.name, tools);
  const stage = join(folder, "stage");
  await stageCopies(recipe, stage);
  for (const { path, content } of recipe.files) {
    await mkdir(dirname(join(stage, path)), { recursive: true });
    await writeFile(join(stage, path), content);
  }
  if (recipe.venv !== undefined) {
    const release = await loadRelease(recipe.venv.release);
    for (const [name, file] of Object.entries(lockFiles(recipe.venv)))
      await copyFile(join(release.folder, file), join(folder, name));
  }
  await sandbox(buildScript(recipe), folder, tools);
  await shareFiles(join(folder, "debs"), tools.workspace.debs);
  return folder;
}

async function prepare(name: string, { workspace, debian }: Tools): Promise<string> {
  const folder = join(workspace.work, name);
  await mkdir(join(folder, "stage"), { recursive: true, mode: 0o755 });
  await shareFiles(workspace.debs, join(folder, "debs"));
  await mkdir(join(folder, "debs", "partial"), { recursive: true });
  await writeFile(join(folder, "apt.conf"), debian.aptConf);
  await writeFile(join(folder, "sources.list"), debian.sourcesList);
  await writeFile(join(folder, "ca.crt"), await certificates());
  return folder;
}

async function certificates(): Promise<string> {
  for (const file of [process.env["SSL_CERT_FILE"], ...CA_FILES])
    if (file !== undefined) {
      const text = await readFile(file, "utf8").catch(() => undefined); // not on this kind of machine
      if (text !== undefined) return text;
    }
  throw new BuildError(
    `there are no certificates of the system in ${CA_FILES.join(" or ")}`,
    "Install them: apt-get install ca-certificates",
  );
}

/**
 * Runs a script as PID 1 of new mount and PID namespaces. When it ends, or this process dies in any way, the kernel
 * ends everything in them and takes the mounts away.
 */
async function sandbox(script: string, folder: string, { exec, lower, workspace, report }: Tools): Promise<void> {
  const part = `images/${folder.slice(workspace.work.length + 1)}`;
  const file = join(folder, "build.sh");
  // Seen from a plain path, so that a cache folder with a space, a colon or a comma in its name is no matter.
  const shared = `mkdir -p lists uv
mount --bind ../../lists lists
mount --bind ../../uv uv
name=\${PWD##*/}
mount --rbind .. /mnt
cd "/mnt/$name"
`;
  await writeFile(file, shared + script);
  const namespaces = ["--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc"];
  await exec("setpriv", ["--pdeathsig", "KILL", "unshare", ...namespaces, "sh", "-eu", file], {
    cwd: folder,
    env: { LOWER: lower.join(":") },
    timeoutMs: BUILD_TIMEOUT_MS,
    onLine: details(report, part),
  }).catch((cause: unknown) => {
    throw explain(part, workspace.work, cause);
  });
}

const AGAIN = "Then run the same command again: what is built already is kept.";
const NETWORK = `Look at the network, at the mirrors of the machine's own apt, and at pip's index. ${AGAIN}`;
const MESSAGE = `Look at the message; the whole of it is in the log. ${AGAIN}`;

function explain(part: string, folder: string, cause: unknown): unknown {
  if (!(cause instanceof ExecError)) return cause;
  const output = cause.stdout + cause.stderr;
  const reason = causeOf(output);
  if (reason === "disk") return new NoSpaceError(folder, `the disk filled while ${part} was built`);
  if (reason === "network") {
    const said = lastLines(output, 1, reason).join("");
    return new BuildError(`${part} could not be built: packages cannot be reached\n  ${said}`, NETWORK);
  }
  return new BuildError(`${part} could not be built:\n  ${lastLines(output, 6).join("\n  ")}`, MESSAGE);
}

async function readPaths(file: string): Promise<string[]> {
  return (await readFile(file, "utf8")).split("\0").filter((path) => path !== "");
}

/** Writes the layer's tar straight to its place in the archive. */
async function writeLayer(
  folder: string,
  { archive, parentPaths }: { archive: string; parentPaths: readonly string[] },
  { exec, workspace }: Tools,
): Promise<void> {
  const removed = removedPaths(parentPaths, new Set(await readPaths(join(folder, "paths"))));
  const devices = (await readFile(join(folder, "devices"), "utf8")).split("\n").filter((line) => line !== "");
  const excluded = EXCLUDED.map((path) => `./${path}${KEPT_EMPTY.includes(path as never) ? "/*" : ""}`);
  await writeFile(
    join(folder, "exclude"),
    [...excluded, ...devices.map((path) => `./${literalPattern(path)}`)].join("\n"),
  );
  await mkdir(join(folder, "whiteouts"), { recursive: true });
  for (const path of removed) {
    const file = join(folder, "whiteouts", whiteout(path));
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, "");
  }
  await writeFile(join(folder, "removed"), removed.map((path) => `./${whiteout(path)}\0`).join(""));
  await writeFile(archive, "");
  await truncate(archive, LAYER_OFFSET);
  const options = `--format=pax --pax-option=delete=atime,delete=ctime --numeric-owner --sort=name --mtime=${EPOCH} --clamp-mtime`;
  const xattrs = "--xattrs --xattrs-include=security.capability";
  const script = `exec tar ${options} ${xattrs} -cf - -C upper --anchored --wildcards --exclude-from=exclude . -C "$PWD/whiteouts" --no-recursion --null -T removed >> "$1"`;
  await exec("setpriv", ["--pdeathsig", "KILL", "sh", "-euc", script, "sh", archive], {
    cwd: folder,
    timeoutMs: BUILD_TIMEOUT_MS,
  }).catch((cause: unknown) => {
    throw explain("images/layer", workspace.work, cause);
  });
}

async function writeSbom(
  recipe: Recipe,
  { folder, out, reference }: { folder: string; out: string; reference: string },
): Promise<void> {
  const inventory = {
    dpkg: await readFile(join(folder, "dpkg-status"), "utf8"),
    python: await readFile(join(folder, "python-metadata"), "utf8"),
    npm: await npmInventory(recipe),
  };
  await writeFile(join(out, "sbom.cdx.json"), JSON.stringify(sbom({ name: recipe.name, reference }, inventory)));
}
