import { closeSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import type { ProgressEvent } from "../host/progress.ts";

/** What programs of a run printed, in a file that is made with the first line. The run before keeps its own beside it. */
export class RunLog {
  readonly path: string;
  readonly #told = new Set<string>();
  readonly #failed = new Set<string>();
  #file: number | undefined;
  #lost = false;

  constructor(path: string) {
    this.path = path;
  }

  /** Takes every event of the run; writes those of programs. */
  add(event: ProgressEvent): void {
    if (event.state === "failed") this.#failed.add(event.part);
    if (event.state !== "detail") return;
    this.#told.add(event.part);
    this.#write(`${new Date().toISOString()} ${event.part}: ${event.message}\n`);
  }

  /** The file, when it tells more of a part that failed. */
  get reason(): string | undefined {
    return !this.#lost && [...this.#failed].some((part) => this.#told.has(part)) ? this.path : undefined;
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #write(text: string): void {
    if (this.#lost) return;
    try {
      this.#file ??= open(this.path);
      writeSync(this.#file, text);
    } catch {
      this.#lost = true; // a full disk, for example: the part that it stops tells of it
    }
  }
}

function open(path: string): number {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  try {
    renameSync(path, `${path}.before`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  return openSync(path, "wx", 0o644);
}
