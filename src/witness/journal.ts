import { appendFile, readFile, rename, stat } from "node:fs/promises";
import { join } from "node:path";

import { OperationLog, OUTCOMES } from "./operation-log.ts";
import type { Blind, Operation } from "./records.ts";

/** Operations that are kept: some seven hours at the usual rate. */
const KEEP = 200_000;
/** Bytes after which the file is put aside, and the one put aside before is dropped. */
const ROTATE_AT = 8 * 1024 * 1024;

/** A line of the file: an operation, a sign of life, or a blind time. */
type Line = ["op", string, string, number, number, number] | ["alive", number] | ["blind", number, number, string];

/** All that was seen, in memory and in a folder that outlives the process. */
export class Journal {
  readonly operations = new OperationLog(KEEP);
  readonly blind: Blind[] = [];
  /** When the earliest look that we know of was made; nothing is known of the time before. */
  firstSeen: number;
  #lastAlive: number | undefined;
  #unwritten: Line[] = [];
  /** Until when the file tells all. */
  #written: number | undefined;
  /** The time of which the file tells nothing. */
  #lost: { readonly from: number; readonly to: number } | undefined;
  readonly #folder: string;

  private constructor(folder: string, now: number) {
    this.#folder = folder;
    this.firstSeen = now;
  }

  /** Reads what an earlier process wrote; the time since its last sign of life is blind. */
  static async open(folder: string, now: number): Promise<Journal> {
    const journal = new Journal(folder, now);
    for (const file of ["older.jsonl", "journal.jsonl"]) {
      for (const line of await linesOf(join(folder, file))) journal.#take(line);
    }
    const last = journal.#lastAlive;
    if (last !== undefined && last < now) journal.addBlind({ from: last, to: now, reason: "the witness did not run" });
    journal.alive(now);
    journal.#written = last ?? now;
    return journal;
  }

  addOperation(operation: Operation): void {
    this.#keep(operation);
    const { api, name, startedAt, tookMs, outcome } = operation;
    this.#unwritten.push(["op", api, name, startedAt, Math.round(tookMs), OUTCOMES.indexOf(outcome)]);
  }

  addBlind(blind: Blind): void {
    this.blind.push(blind);
    this.#unwritten.push(["blind", blind.from, blind.to, blind.reason]);
  }

  /** Says that the witness could see until now. */
  alive(now: number): void {
    this.#lastAlive = now;
  }

  /** Writes what is new; throws when it cannot. Call it one at a time. */
  async flush(): Promise<void> {
    const lines = this.#unwritten;
    const until = this.#lastAlive;
    this.#unwritten = [];
    if (until !== undefined) lines.push(["alive", until]);
    const file = join(this.#folder, "journal.jsonl");
    try {
      // What could not be written before may have ended in the midst of a line.
      const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
      await appendFile(file, this.#lost === undefined ? text : `\n${text}`);
    } catch (error) {
      this.#lose(until);
      throw error;
    }
    this.#written = until ?? this.#written;
    this.#lost = undefined;
    if ((await stat(file)).size > ROTATE_AT) await rename(file, join(this.#folder, "older.jsonl"));
  }

  /** Whoever reads the file later was not told of the time since it was last written: to him it is blind. This process still knows. */
  #lose(until: number | undefined): void {
    if (until === undefined) return;
    this.#lost = { from: this.#lost?.from ?? this.#written ?? until, to: until };
    this.#unwritten.unshift(["blind", this.#lost.from, this.#lost.to, "the witness could not write"]);
  }

  #take(line: Line): void {
    if (line[0] === "op") {
      const [, api, name, startedAt, tookMs, outcome] = line;
      this.#keep({ api, name, startedAt, tookMs, outcome: OUTCOMES[outcome] ?? "failed" });
    } else if (line[0] === "blind") this.blind.push({ from: line[1], to: line[2], reason: line[3] });
    else {
      this.#lastAlive = line[1];
      this.firstSeen = Math.min(this.firstSeen, line[1]);
    }
  }

  #keep(operation: Operation): void {
    this.operations.push(operation);
    if (!this.operations.full) this.firstSeen = Math.min(this.firstSeen, operation.startedAt);
    else for (const oldest of this.operations) return void (this.firstSeen = oldest.startedAt);
  }
}

async function linesOf(file: string): Promise<Line[]> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  return text.split("\n").flatMap((line) => {
    try {
      return line === "" ? [] : [JSON.parse(line) as Line];
    } catch {
      return []; // half a line: the process died while it wrote
    }
  });
}
