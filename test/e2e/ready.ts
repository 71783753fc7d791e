// When a change of the Cloud has ended: a moment after it was written, the Cloud is still Ready for what was there before.
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { underpin } from "./machine.ts";

interface CloudItem {
  readonly metadata: { readonly generation: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

const LONGEST_SECONDS = 240;

/** Waits until the operator has looked at the Cloud as it is stored now, which is Ready, and nothing of it is being changed. */
export async function cloudReady(): Promise<void> {
  let told = "";
  for (const end = performance.now() + LONGEST_SECONDS * 1000; performance.now() < end; await delay(500)) {
    const { stdout, stderr } = await underpin(["kubectl", "-n", "laptop", "get", "cloud/laptop", "-o", "json"]);
    if (stdout === "") {
      told = stderr;
      continue;
    }
    const { metadata, status } = JSON.parse(stdout) as CloudItem;
    const is = (type: string): string => status?.conditions?.find((one) => one.type === type)?.status ?? "Unknown";
    if (status?.observedGeneration === metadata.generation && is("Ready") === "True" && is("Reconciling") !== "True")
      return;
    told = JSON.stringify(status?.conditions);
  }
  assert.fail(`the Cloud is not Ready after ${LONGEST_SECONDS} s: ${told}`);
}
