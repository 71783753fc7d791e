import { realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { CliError, EXIT } from "./errors.ts";

/**
 * Writes a file whole or not at all. A file that is there is replaced; what is no file (a folder, a device) is refused.
 * Throws CliError.
 */
export async function writePicture(path: string, text: string): Promise<void> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw cannotWrite(path, error);
  });
  if (found !== undefined && !found.isFile()) {
    const what = found.isDirectory() ? "a folder" : "no ordinary file";
    throw new CliError(`${path} is ${what}: no picture is written there`, "Name a file, for example plan.svg.", {
      exitCode: EXIT.usage,
    });
  }
  // A link stays a link: what it leads to is replaced.
  const file = found === undefined ? path : await realpath(path);
  const part = join(dirname(file), `.${basename(file)}.${process.pid}`);
  try {
    await writeFile(part, text, { flag: "wx" });
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true });
    throw cannotWrite(path, error as NodeJS.ErrnoException);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "its folder does not exist",
  ENOTDIR: "a part of its path is no folder",
  EACCES: "you may not write there",
  EPERM: "you may not write there",
  EROFS: "its file system cannot be written to",
  ENOSPC: "there is no space left",
  ENAMETOOLONG: "its name is too long",
};

function cannotWrite(path: string, cause: NodeJS.ErrnoException): CliError {
  const why = REASONS[cause.code ?? ""];
  return new CliError(
    `The picture cannot be written to ${path}${why === undefined ? "" : `: ${why}`}`,
    "Name a file in a folder that you may write to: --svg plan.svg",
    why === undefined ? { cause } : {},
  );
}
