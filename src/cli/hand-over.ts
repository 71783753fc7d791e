import { spawn } from "node:child_process";

/** Hands the terminal over to a program and gives its exit code; a signal that ended it counts as 128 + its number. */
export function handOver(file: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<number> {
  return new Promise((done, fail) => {
    const child = spawn(file, args, { stdio: "inherit", env });
    // The program is in our process group and hears Ctrl-C itself; we only must outlive it.
    const ignore = (): void => undefined;
    const pass = (): void => void child.kill("SIGTERM");
    process.on("SIGINT", ignore);
    process.on("SIGTERM", pass);
    const release = (): void => {
      process.off("SIGINT", ignore);
      process.off("SIGTERM", pass);
    };
    child.on("error", (error) => {
      release();
      fail(error);
    });
    child.on("close", (code, signal) => {
      release();
      done(code ?? (signal === "SIGINT" ? 130 : signal === "SIGKILL" ? 137 : 143));
    });
  });
}
