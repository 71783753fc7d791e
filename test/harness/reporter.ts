// harness: runs the parts of the test command and counts what they say.
import { appendFileSync } from "node:fs";

interface TestEvent {
  readonly type: string;
  readonly data: {
    readonly name: string;
    readonly nesting: number;
    readonly file?: string;
    readonly skip?: boolean | string;
    readonly todo?: boolean | string;
    readonly details?: {
      readonly type?: string;
      readonly duration_ms?: number;
      readonly error?: { readonly cause?: unknown; readonly message?: string };
    };
  };
}

/** Reporter for `node --test`: a line a test, failures with their reason, and counts appended to $UNDERPIN_TEST_COUNTS. */
export default async function* reporter(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for await (const { type, data } of source) {
    if (type === "test:diagnostic" || data.details?.type === "suite") continue;
    // A file as a whole is reported like a test; only its own failure (it cannot be loaded) counts.
    const isFile = data.nesting === 0 && data.file !== undefined && data.name === data.file;
    if (type === "test:pass" && !isFile) {
      if (data.skip !== undefined && data.skip !== false) {
        counts.skipped += 1;
        yield `  skipped  ${data.name}: ${typeof data.skip === "string" && data.skip !== "" ? data.skip : "no reason given"}\n`;
      } else {
        counts.passed += 1;
        const seconds = (data.details?.duration_ms ?? 0) / 1000;
        yield `  ok       ${data.name}${seconds >= 1 ? ` (${seconds.toFixed(1)} s)` : ""}\n`;
      }
    }
    if (type === "test:fail") {
      counts.failed += 1;
      yield `  FAILED   ${data.name}\n${indent(reason(data.details?.error))}\n`;
    }
  }
  const file = process.env["UNDERPIN_TEST_COUNTS"];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(counts)}\n`);
}

function reason(error: { readonly cause?: unknown; readonly message?: string } | undefined): string {
  const cause = error?.cause;
  if (cause instanceof Error) return cause.stack ?? cause.message;
  return typeof cause === "string" ? cause : (error?.message ?? "no reason given");
}

function indent(text: string): string {
  return text
    .split("\n")
    .map((line) => `           ${line}`)
    .join("\n");
}
