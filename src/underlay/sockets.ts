import { connect } from "node:net";
import { until } from "./processes.ts";

/** Waits until a UNIX socket takes connections. */
export async function socketAnswers(path: string, timeoutMs: number): Promise<boolean> {
  return until(
    () =>
      new Promise<boolean>((resolve) => {
        const socket = connect(path);
        socket.on("error", () => resolve(false));
        socket.on("connect", () => {
          socket.destroy();
          resolve(true);
        });
      }),
    timeoutMs,
  );
}
