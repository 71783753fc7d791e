import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { chmod, mkdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { request } from "undici";
import { contentHash } from "../content/canonical.ts";
import type { Exec } from "../host/exec.ts";
import { timed, type Report } from "../host/progress.ts";
import type { BinarySource } from "./binaries.ts";
import { reasonOf, UnderlayError } from "./errors.ts";
import type { GoModule } from "./go-modules.ts";
import { VERSIONS } from "./versions.ts";

/** One upstream file: a program, or a tar with programs. */
export interface ReleaseFile {
  readonly url: string;
  /** Where upstream publishes the file's SHA-256: as the only word, or in the line that ends with the file's name. */
  readonly digestUrl: string;
  /** Programs by their path in the tar; absent when the file is the program of this name itself. */
  readonly members?: Readonly<Record<string, string>>;
}

export interface ReleaseOptions {
  readonly exec: Exec;
  readonly report: Report;
  /** Parts that upstream publishes only as images are built of their Go modules. */
  readonly fallback: BinarySource;
  /** Default: upstream's own places. */
  readonly files?: (module: GoModule) => readonly ReleaseFile[];
}

/** Downloads what upstream has released, and keeps nothing whose SHA-256 is not the published one. */
export class ReleaseSource implements BinarySource {
  readonly name = "release";
  private readonly options: ReleaseOptions;

  constructor(options: ReleaseOptions) {
    this.options = options;
  }

  async key(module: GoModule): Promise<string> {
    const files = this.files(module);
    return files.length === 0 ? this.options.fallback.key(module) : contentHash({ release: files });
  }

  async make(module: GoModule, folder: string): Promise<void> {
    const files = this.files(module);
    if (files.length === 0) return this.options.fallback.make(module, folder);
    await timed(this.options.report, `binaries/${module.name}`, `downloading ${module.name}`, async () => {
      await mkdir(folder, { recursive: true });
      for (const file of files) await this.fetch(file, folder);
    });
  }

  private files(module: GoModule): readonly ReleaseFile[] {
    return (this.options.files ?? upstreamFiles)(module);
  }

  private async fetch(file: ReleaseFile, folder: string): Promise<void> {
    const name = basename(new URL(file.url).pathname);
    const path = join(folder, `.${name}.part`);
    try {
      const wanted = publishedDigest(await getText(file.digestUrl), name);
      if (wanted === undefined) throw new Error(`${file.digestUrl} names no SHA-256 of ${name}`);
      const got = await getFile(file.url, path);
      if (got !== wanted) throw new Error(`its SHA-256 is ${got}, but ${wanted} was published`);
      if (file.members === undefined) await place(path, join(folder, name));
      else await this.unpack(path, folder, file.members);
    } catch (error) {
      const next = "Try again; if it stays, the file or its way here was changed: build from the Go modules instead.";
      throw new UnderlayError(`${file.url} cannot be used: ${reasonOf(error)}`, next, error);
    } finally {
      await rm(path, { force: true });
    }
  }

  private async unpack(archive: string, folder: string, members: Readonly<Record<string, string>>): Promise<void> {
    const work = join(folder, ".unpacked");
    await mkdir(work, { recursive: true });
    await this.options.exec("tar", ["-xzf", archive, "-C", work, ...Object.values(members)]);
    for (const [name, member] of Object.entries(members)) await place(join(work, member), join(folder, name));
    await rm(work, { recursive: true, force: true });
  }
}

async function place(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await chmod(from, 0o755);
  await rename(from, to);
}

/** The SHA-256 of `name` in a published file of digests: its only word, or `digest  name` among other lines. */
export function publishedDigest(text: string, name: string): string | undefined {
  const lines = text
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+\*?/));
  const named = lines.find((words) => words.length === 2 && basename(words[1] ?? "") === name);
  const alone = lines.length === 1 && lines[0]?.length === 1 ? lines[0] : undefined;
  const digest = (named ?? alone)?.[0]?.toLowerCase();
  return digest !== undefined && /^[0-9a-f]{64}$/.test(digest) ? digest : undefined;
}

async function getText(url: string): Promise<string> {
  const { statusCode, body } = await open(url);
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`${url} answered ${statusCode}`);
  return text;
}

/** Writes the file and returns its SHA-256. Throws when it is shorter than announced. */
async function getFile(url: string, path: string): Promise<string> {
  const { statusCode, body } = await open(url);
  if (statusCode !== 200) {
    await body.dump();
    throw new Error(`the server answered ${statusCode}`);
  }
  const hash = createHash("sha256");
  const tee = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  await pipeline(body, tee, createWriteStream(path));
  return hash.digest("hex");
}

/** Upstream's places answer with redirections to their stores: up to five are followed. */
async function open(url: string, redirections = 5): Promise<Awaited<ReturnType<typeof request>>> {
  const answer = await request(url, { headersTimeout: 30_000, bodyTimeout: 60_000 });
  const location = answer.headers["location"];
  if (answer.statusCode < 300 || answer.statusCode >= 400 || typeof location !== "string" || redirections === 0)
    return answer;
  await answer.body.dump();
  return open(new URL(location, url).href, redirections - 1);
}

const PLATFORM = `linux-${process.arch === "x64" ? "amd64" : process.arch}`;

/** Upstream's release files of a module; none where upstream publishes images only. */
export function upstreamFiles(module: GoModule): ReleaseFile[] {
  const programs = Object.keys(module.programs);
  if (module.name === "kubernetes") {
    const base = `https://dl.k8s.io/release/${VERSIONS.kubernetes}/bin/${PLATFORM.replace("-", "/")}`;
    return programs.map((name) => ({ url: `${base}/${name}`, digestUrl: `${base}/${name}.sha256` }));
  }
  if (module.name === "containerd")
    return [
      archive(
        "containerd/containerd",
        `containerd-${VERSIONS.containerd.slice(1)}-${PLATFORM}.tar.gz`,
        VERSIONS.containerd,
        prefixed(programs, "bin/"),
      ),
    ];
  if (module.name === "cni")
    return [
      archive(
        "containernetworking/plugins",
        `cni-plugins-${PLATFORM}-${VERSIONS.cniPlugins}.tgz`,
        VERSIONS.cniPlugins,
        prefixed(programs, "./"),
      ),
    ];
  if (module.name === "etcd") {
    const name = `etcd-${VERSIONS.etcd}-${PLATFORM}`;
    const file = archive("etcd-io/etcd", `${name}.tar.gz`, VERSIONS.etcd, prefixed(programs, `${name}/`));
    return [{ ...file, digestUrl: `${dirname(file.url)}/SHA256SUMS` }];
  }
  return [];
}

function archive(
  repository: string,
  name: string,
  version: string,
  members: Readonly<Record<string, string>>,
): ReleaseFile {
  const url = `https://github.com/${repository}/releases/download/${version}/${name}`;
  const suffix = repository === "containerd/containerd" ? "sha256sum" : "sha256";
  return { url, digestUrl: `${url}.${suffix}`, members };
}

function prefixed(names: readonly string[], prefix: string): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, `${prefix}${name}`]));
}
