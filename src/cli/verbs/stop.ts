import { buildCommand } from "@stricli/core";
import { help } from "../help.ts";
import { type CliContext, verb } from "../context.ts";
import { EXIT, type ExitCode } from "../errors.ts";
import { eventsFlag } from "../flags.ts";

interface Flags {
  readonly output?: "json";
}

export const command = buildCommand<Flags, [], CliContext>({
  func: verb(stop),
  parameters: { flags: { output: eventsFlag }, aliases: { o: "output" } },
  docs: help("End all processes of the cloud; its data stays, and `up` resumes it", [
    "sudo ./underpin stop",
    "sudo ./underpin up",
  ]),
});

async function stop(cli: CliContext, { output }: Flags): Promise<ExitCode> {
  const [{ engine }, { longRun }] = await Promise.all([import("../wiring.ts"), import("../run.ts")]);
  const ran = await longRun(cli, { command: "underpin stop", output }, (run) => engine.stop(cli, run));
  if (output !== "json") cli.out(ran ? "Stopped. Its data is kept; resume with: underpin up" : "Nothing was running.");
  return EXIT.ok;
}
