// host: what the underlay and the image builder need from the machine: programs, a content-addressed store, progress.
import { spawn } from "node:child_process";

export interface ExecOptions {
  readonly cwd?: string;
  /** Added to, or (undefined) removed from, this process's environment. Never secrets. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Written to standard input, which is then closed. */
  readonly input?: string;
  /** Milliseconds before the program is killed; default ten minutes. */
  readonly timeoutMs?: number;
  /** Called with each line of standard output and standard error as it comes. */
  readonly onLine?: (line: string) => void;
  readonly signal?: AbortSignal;
}

export interface ExecResult {
  readonly stdout: string;
  readonly stderr: string;
}

/** The one way to run a program. Throws ExecError when it cannot start, exits non-zero, or runs out of time. */
export type Exec = (file: string, args: readonly string[], options?: ExecOptions) => Promise<ExecResult>;

/** A program that failed, with what it printed last. */
export class ExecError extends Error {
  readonly command: string;
  /** null when it could not start or was killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  constructor(command: string, code: number | null, output: { stdout: string; stderr: string; reason: string }) {
    const tail = (output.stderr.trim() || output.stdout.trim()).split("\n").slice(-8).join("\n  ");
    super(`${command}: ${output.reason}${tail ? `\n  ${tail}` : ""}`);
    this.name = "ExecError";
    this.command = command;
    this.code = code;
    this.stdout = output.stdout;
    this.stderr = output.stderr;
  }
}

/** Most that is kept of each output stream, in characters: enough for any answer that we parse. */
const KEEP = 16 * 1024 * 1024;

export const exec: Exec = (file, args, options = {}) =>
  new Promise((resolve, reject) => {
    const command = [file, ...args].join(" ").slice(0, 300);
    const env = { ...process.env };
    for (const [name, value] of Object.entries(options.env ?? {})) {
      if (value === undefined) delete env[name];
      else env[name] = value;
    }
    const child = spawn(file, args, {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      env,
      stdio: ["pipe", "pipe", "pipe"],
      timeout: options.timeoutMs ?? 600_000,
      killSignal: "SIGKILL",
    });
    const out = collect(child.stdout, options.onLine);
    const err = collect(child.stderr, options.onLine);
    // A program that ends without reading its input closes the pipe; its exit code tells what matters.
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input ?? "");
    child.on("error", (cause) =>
      reject(new ExecError(command, null, { stdout: out(), stderr: err(), reason: cause.message })),
    );
    child.on("close", (code, signal) => {
      if (code === 0) resolve({ stdout: out(), stderr: err() });
      else {
        const reason = signal === null ? `exit code ${code}` : `killed by ${signal} (out of time or stopped)`;
        reject(new ExecError(command, code, { stdout: out(), stderr: err(), reason }));
      }
    });
  });

function collect(stream: NodeJS.ReadableStream, onLine: ((line: string) => void) | undefined): () => string {
  let text = "";
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    text = (text + chunk).slice(-KEEP);
    if (onLine === undefined) return;
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  });
  return () => text;
}
