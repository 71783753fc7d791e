import { Readable } from "node:stream";

import type { Call, Session } from "../openstack/session.ts";
import type { WitnessApi } from "../workloads/witness-contract.ts";

/** Runs one operation: times and counts it, and throws what it throws. */
export type Measure = <T>(name: string, work: () => Promise<T>) => Promise<T>;

/** Milliseconds after which an operation has failed. */
export const TIMEOUT_MS = 10_000;

/** One API as a user of the session; `label` begins the names of the operations of a life-cycle. */
export async function witnessApi(
  session: Session,
  service: string,
  measure: Measure,
  label: string,
): Promise<WitnessApi> {
  const { userId, projectId } = await session.self();
  const send = (call: Pick<Call, "method" | "path" | "json" | "stream">): Promise<Readonly<Record<string, unknown>>> =>
    measure(`${label} ${call.method}`, async () => {
      const answer = await session.json<Readonly<Record<string, unknown>> | undefined>({
        ...call,
        service,
        timeoutMs: TIMEOUT_MS,
      });
      return answer ?? {};
    });
  return {
    userId,
    projectId,
    get: (path) => send({ method: "GET", path }),
    post: (path, json) => send({ method: "POST", path, json }),
    put: (path, json) => send({ method: "PUT", path, json }),
    delete: async (path) => void (await send({ method: "DELETE", path })),
    upload: async (path, bytes) => void (await send({ method: "PUT", path, stream: () => Readable.from([bytes]) })),
    issueToken: () => measure("issue token", () => session.authenticate()),
  };
}
