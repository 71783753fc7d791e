import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/** Seconds that each part took last time on this machine. */
export type Timings = Readonly<Record<string, number>>;

/** Timings of earlier runs; none when there was none, or when the file is damaged (it is only a comfort). */
export async function readTimings(path: string): Promise<Timings> {
  const text = await readFile(path, "utf8").catch(() => "{}");
  try {
    const parsed: unknown = JSON.parse(text);
    const entries = typeof parsed === "object" && parsed !== null ? Object.entries(parsed) : [];
    return Object.fromEntries(entries.filter((entry): entry is [string, number] => typeof entry[1] === "number"));
  } catch {
    return {}; // damaged: this run writes it anew
  }
}

/** Remembers the seconds of this run's parts beside those of parts that did not run. */
export async function writeTimings(path: string, timings: Timings): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  const whole = { ...(await readTimings(path)), ...timings };
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, `${JSON.stringify(whole, null, 2)}\n`);
  await rename(temporary, path);
}
