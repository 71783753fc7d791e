import { buildCommand } from "@stricli/core";
import { help } from "../help.ts";
import { type CliContext, verb } from "../context.ts";
import { EXIT, type ExitCode } from "../errors.ts";
import { fileFlag, jsonFlag } from "../flags.ts";

interface Flags {
  readonly file: string;
  readonly output?: "json";
}

export const command = buildCommand<Flags, [], CliContext>({
  func: verb(check),
  parameters: {
    flags: { file: fileFlag, output: jsonFlag },
    aliases: { f: "file", o: "output" },
  },
  docs: help(
    "Say whether a Cloud is right; touches nothing",
    ["underpin check -f cloud.yaml", "underpin check -f - -o json < cloud.yaml"],
    [
      "Judges a Cloud by the schema and the rules that the API server applies, and its services' options and policies by what",
      "the release's images know, as the operator's webhook does. Says for each finding the place, the reason and an example.",
      "Needs no cluster. Exit code 0: no error, perhaps warnings. 2: errors.",
    ],
  ),
});

async function check(cli: CliContext, { file, output }: Flags): Promise<ExitCode> {
  const [{ findingLine, judgeFile, readText }, { takenRanges }] = await Promise.all([
    import("../cloud-file.ts"),
    import("../taken.ts"),
  ]);
  const { findings } = await judgeFile(await readText(file), await takenRanges());
  if (output === "json") cli.out(JSON.stringify({ findings }, null, 2));
  else {
    for (const finding of findings) cli.out(findingLine(file, finding));
    const errors = findings.filter((finding) => finding.severity === "error").length;
    if (errors > 0) cli.out(`${file}: ${errors} ${errors === 1 ? "error" : "errors"}`);
    else cli.out(`${file}: right`);
  }
  return findings.some((finding) => finding.severity === "error") ? EXIT.usage : EXIT.ok;
}
