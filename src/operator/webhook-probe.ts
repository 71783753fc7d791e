import { request } from "node:https";
import type { Probe } from "./webhook-keeper.ts";

const TIMEOUT_MS = 3_000;

/** Asks the webhook by its Service for a sign of life, with a connection of its own. */
export function probeWebhook(port = 443, address?: string): Probe {
  return (host, caBundle) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const asked = request(
      {
        host: address ?? host,
        port,
        path: "/healthz",
        ca: caBundle,
        servername: host,
        agent: false,
        timeout: TIMEOUT_MS,
      },
      (response) => {
        response.resume();
        if (response.statusCode === 200) resolve();
        else reject(new Error(`it answered ${response.statusCode}`));
      },
    );
    asked.on("timeout", () => asked.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
    asked.on("error", reject);
    asked.end();
    return promise;
  };
}
