import { connect } from "node:net";
import { until, type Patience } from "./processes.ts";

/** Waits until a UNIX socket takes connections. */
export async function socketAnswers(path: string, patience: Patience): Promise<boolean> {
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
    patience,
  );
}
