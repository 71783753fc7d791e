import { link, mkdir, readdir, readFile, copyFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { contentHash } from "../content/canonical.ts";
import type { ContentStore } from "../host/store.ts";
import { type Exec, ExecError } from "../host/exec.ts";
import { causeOf, isFull, lastLines } from "../host/failure.ts";
import { details, timed, type Report } from "../host/progress.ts";
import { reasonOf, UnderlayError } from "./errors.ts";
import { GO_MODULES, type GoModule } from "./go-modules.ts";

/** Two folders of programs: everything but the CNI plugins, and the CNI plugins. */
export interface Binaries {
  readonly bin: string;
  readonly cni: string;
}

/** Where the programs come from: built of their Go modules, or downloaded and verified. Both give the same programs. */
export interface BinarySource {
  readonly name: string;
  /** A hash of all that decides what `make` gives. */
  key(module: GoModule): Promise<string>;
  /** Puts the module's programs into `folder`. Throws when one cannot be had; nothing of `folder` is used then. */
  make(module: GoModule, folder: string): Promise<void>;
}

export interface BinaryOptions {
  readonly store: ContentStore;
  readonly cacheDir: string;
  readonly exec: Exec;
  readonly report: Report;
  /** Default: built of the Go modules. */
  readonly source?: BinarySource;
}

/** Makes sure that all programs are in the cache, and returns their folders. What is there already is no work. */
export async function ensureBinaries(options: BinaryOptions): Promise<Binaries> {
  const source = options.source ?? new GoSource(options);
  const made: { module: GoModule; folder: string; hash: string }[] = [];
  for (const module of GO_MODULES) made.push({ module, ...(await ensureModule(options, source, module)) });
  const gather = async (name: string, cni: boolean): Promise<string> => {
    const parts = made.filter(({ module }) => (module.cni === true) === cni);
    const key = { kind: "binaries", name, hash: contentHash(parts.map(({ hash }) => hash)) };
    return options.store.ensure(key, async (folder) => {
      for (const part of parts) {
        for (const program of Object.keys(part.module.programs))
          await linkOrCopy(join(part.folder, program), join(folder, program));
      }
    });
  };
  return { bin: await gather("bin", false), cni: await gather("cni", true) };
}

async function ensureModule(
  options: BinaryOptions,
  source: BinarySource,
  module: GoModule,
): Promise<{ folder: string; hash: string }> {
  const hash = await source.key(module);
  const key = { kind: "go", name: module.name, hash };
  const folder = await options.store.ensure(key, (work) => source.make(module, work));
  return { folder, hash };
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  await link(from, to).catch(() => copyFile(from, to)); // another file system: a copy is as good
}

const GO_FOLDER = new URL("./go/", import.meta.url);

/** Builds the programs of the Go modules next to this file, with exactly the dependencies of their go.sum. */
export class GoSource implements BinarySource {
  readonly name = "go";
  private readonly options: Pick<BinaryOptions, "cacheDir" | "exec" | "report">;
  private version: Promise<string> | undefined;

  constructor(options: Pick<BinaryOptions, "cacheDir" | "exec" | "report">) {
    this.options = options;
  }

  async key(module: GoModule): Promise<string> {
    const folder = moduleFolder(module);
    const files: Record<string, string> = {};
    for (const name of await readdir(folder)) files[name] = await readFile(join(folder, name), "utf8");
    return contentHash({ go: await this.goVersion(), module, files });
  }

  async make(module: GoModule, folder: string): Promise<void> {
    const names = Object.keys(module.programs);
    const build = async (output: string, packages: readonly string[]): Promise<void> => {
      const go = [
        "build",
        "-trimpath",
        "-buildvcs=false",
        "-tags",
        module.tags,
        "-ldflags",
        module.ldflags,
        "-o",
        output,
        ...packages,
      ];
      await timed(this.options.report, `binaries/${module.name}`, `building ${names.join(", ")}`, async () =>
        this.run(module, go),
      );
    };
    const byPath = names.every((name) => module.programs[name]?.endsWith(`/${name}`) === true);
    await mkdir(folder, { recursive: true });
    if (byPath) await build(`${folder}/`, Object.values(module.programs));
    else for (const [name, path] of Object.entries(module.programs)) await build(join(folder, name), [path]);
  }

  private goVersion(): Promise<string> {
    this.version ??= this.options
      .exec("go", ["version"], { env: { GOTOOLCHAIN: "local" } })
      .then(({ stdout }) => stdout.trim())
      .catch((cause: unknown) => {
        throw new UnderlayError(
          "Go is not installed, and the Kubernetes programs are built with it",
          "Install Go (golang-go, or go.dev/dl).",
          cause,
        );
      });
    return this.version;
  }

  private async run(module: GoModule, args: readonly string[]): Promise<void> {
    const cache = join(this.options.cacheDir, "go");
    const env = {
      GOMODCACHE: join(cache, "mod"),
      GOCACHE: join(cache, "build"),
      GOTOOLCHAIN: "local",
      GOFLAGS: "-mod=readonly",
      CGO_ENABLED: "0",
      GOWORK: "off",
    };
    try {
      // `times` tells the processor seconds of the build, which the progress shows.
      const script = 'go "$@" && times';
      const { stdout } = await this.options.exec("sh", ["-c", script, "sh", ...args], {
        cwd: moduleFolder(module),
        env,
        timeoutMs: 3_600_000,
        onLine: details(this.options.report, `binaries/${module.name}`),
      });
      const cpuSeconds = cpuSecondsOf(stdout);
      this.options.report({
        part: `binaries/${module.name}`,
        state: "info",
        message: `${cpuSeconds} s of processor time`,
        cpuSeconds,
      });
    } catch (error) {
      throw await this.explain(module, error);
    }
  }

  private async explain(module: GoModule, error: unknown): Promise<UnderlayError> {
    const output = error instanceof ExecError ? error.stdout + error.stderr : reasonOf(error);
    // With a full cache Go cannot read its own index, and complains of packages that are there.
    const cause = (await isFull(this.options.cacheDir)) ? "disk" : causeOf(output);
    const [why, next] = cause === undefined ? UNKNOWN : WHY[cause];
    const where = cause === "disk" ? ` in ${this.options.cacheDir}` : "";
    const said = lastLines(output, cause === undefined ? 8 : 1, cause).map((line) => `\n  ${line}`);
    return new UnderlayError(`${module.name} could not be built: ${why}${where}${said.join("")}`, next);
  }
}

const AGAIN = "Then run the same command again: what is built already is kept.";
const UNKNOWN = ["its compiler says", `Look at the message; the whole of it is in the log. ${AGAIN}`] as const;
const WHY = {
  network: [
    "the Go module proxy cannot be reached",
    `Look at the network, and at \`go env GOPROXY\` and HTTPS_PROXY. ${AGAIN}`,
  ],
  disk: ["there is no space left", `Free some, or point UNDERPIN_CACHE at a larger disk. ${AGAIN}`],
} as const;

function moduleFolder(module: GoModule): string {
  return fileURLToPath(new URL(`${module.name}/`, GO_FOLDER));
}

/** User and system seconds of the children, from the second line that the shell's `times` prints: `1m2.345s 0m1.5s`. */
export function cpuSecondsOf(times: string): number {
  const line = times.trim().split("\n").at(-1) ?? "";
  const seconds = [...line.matchAll(/(\d+)m([\d.]+)s/g)].map((match) => Number(match[1]) * 60 + Number(match[2]));
  return Math.round(seconds.reduce((sum, value) => sum + value, 0) * 10) / 10;
}
