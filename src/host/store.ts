import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { pipeline } from "node:stream/promises";

/** What an entry holds: written last, so that an entry without it is half made. */
interface EntryRecord {
  readonly files: Readonly<Record<string, FileRecord>>;
}
interface FileRecord {
  readonly size: number;
  readonly mtimeMs: number;
  readonly sha256: string;
}

const RECORD = ".entry.json";

/**
 * A folder of immutable entries `<kind>/<name>-<hash>`, each made whole or not at all. A file whose size or time
 * changed since is hashed again; an entry that is not what was made is removed and made anew.
 */
export class ContentStore {
  readonly root: string;
  constructor(root: string) {
    this.root = root;
  }

  /** Returns the folder of the entry, and makes it with `make(folder)` if it is missing or damaged. */
  async ensure(
    key: { kind: string; name: string; hash: string },
    make: (folder: string) => Promise<void>,
  ): Promise<string> {
    const folder = this.path(key);
    if (await intact(folder)) return folder;
    await rm(folder, { recursive: true, force: true });
    await mkdir(dirname(folder), { recursive: true, mode: 0o755 });
    const work = await mkdtemp(join(dirname(folder), `.making-${basename(folder)}-`));
    try {
      await make(work);
      await writeFile(join(work, RECORD), JSON.stringify(await record(work)));
      await rename(work, folder);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
    return folder;
  }

  /** Removes the entry, if it is there. */
  async remove(key: { kind: string; name: string; hash: string }): Promise<void> {
    await rm(this.path(key), { recursive: true, force: true });
  }

  path(key: { kind: string; name: string; hash: string }): string {
    return join(this.root, key.kind, `${key.name}-${key.hash.slice(0, 16)}`);
  }

  /** True when the entry is there and is what was made. */
  async has(key: { kind: string; name: string; hash: string }): Promise<boolean> {
    return intact(this.path(key));
  }
}

export async function fileHash(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest("hex");
}

async function record(folder: string): Promise<EntryRecord> {
  const files: Record<string, FileRecord> = {};
  for (const path of await regularFiles(folder)) {
    const { size, mtimeMs } = await stat(path);
    files[relative(folder, path)] = { size, mtimeMs, sha256: await fileHash(path) };
  }
  return { files };
}

async function intact(folder: string): Promise<boolean> {
  let wanted: EntryRecord;
  try {
    wanted = JSON.parse(await readFile(join(folder, RECORD), "utf8")) as EntryRecord;
  } catch {
    return false; // missing or half made: both mean "make it"
  }
  for (const [name, file] of Object.entries(wanted.files)) {
    if (!(await sameFile(join(folder, name), file))) return false;
  }
  return true;
}

async function sameFile(path: string, wanted: FileRecord): Promise<boolean> {
  const now = await stat(path).catch(() => undefined);
  if (now === undefined || now.size !== wanted.size) return false;
  return now.mtimeMs === wanted.mtimeMs || (await fileHash(path)) === wanted.sha256;
}

async function regularFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name !== RECORD)
    .map((entry) => join(entry.parentPath, entry.name));
}
