import assert from "node:assert/strict";
import { test } from "node:test";
import { answers } from "../../src/guest/answers.ts";
import { GuestError } from "../../src/guest/report.ts";

const silent = (): Promise<never> => Promise.reject(Object.assign(new Error("no answer"), { code: 1 }));

test("waiting for a guest ends when it is told to", async () => {
  const stop = new AbortController();
  let pings = 0;
  const run = (): Promise<never> => {
    pings += 1;
    stop.abort(new Error("Ctrl-C"));
    return silent();
  };
  await assert.rejects(answers("192.0.2.1", { run, timeoutSeconds: 60, signal: stop.signal }), /Ctrl-C/);
  assert.equal(pings, 1);
});

test("a guest that does not answer is told with its address and what was tried", async () => {
  await assert.rejects(
    answers("192.0.2.1", { run: silent, timeoutSeconds: 0 }),
    (error) => error instanceof GuestError && error.message === "192.0.2.1 does not answer ping after 0 s",
  );
});

test("a program ping that cannot be run is no guest that does not answer", async () => {
  const missing = (): Promise<never> => Promise.reject(Object.assign(new Error("spawn ping"), { code: "ENOENT" }));
  await assert.rejects(answers("192.0.2.1", { run: missing }), /program ping cannot be run/);
});
