import type { CliContext } from "./context.ts";

/** What standard output is. */
export interface Screen {
  /** Lines can be drawn again. */
  readonly terminal: boolean;
  readonly color: boolean;
}

/** Whether standard output is a terminal, and whether it wants colours: not with NO_COLOR that is not empty. */
export function screenOf(
  { env }: Pick<CliContext, "env">,
  stdout: { readonly isTTY?: boolean } = process.stdout,
): Screen {
  const terminal = stdout.isTTY === true && env["TERM"] !== "dumb";
  return { terminal, color: terminal && (env["NO_COLOR"] ?? "") === "" };
}
