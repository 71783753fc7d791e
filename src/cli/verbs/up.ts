import { buildCommand } from "@stricli/core";
import { fileURLToPath } from "node:url";
import { help } from "../help.ts";
import { type CliContext, verb } from "../context.ts";
import { confirm } from "../confirm.ts";
import type { UpSummary } from "../engine.ts";
import { EXIT, type ExitCode } from "../errors.ts";
import { consentFlag, eventsFlag, fileFlag, planHashFlag } from "../flags.ts";
import { waitsLines } from "../render/waits.ts";

interface Flags {
  readonly file?: string;
  readonly output?: "json";
  readonly yes: boolean;
  readonly plan?: string;
}

const DEFAULT_CLOUD = fileURLToPath(new URL("../../../examples/laptop.yaml", import.meta.url));

export const command = buildCommand<Flags, [], CliContext>({
  func: verb(up),
  parameters: {
    flags: {
      file: { ...fileFlag, optional: true, brief: `${fileFlag.brief}; default: examples/laptop.yaml` },
      output: eventsFlag,
      yes: { ...consentFlag, brief: "Do not ask; needed to change a running cloud where there is no terminal" },
      plan: planHashFlag,
    },
    aliases: { f: "file", o: "output", y: "yes" },
  },
  docs: help(
    "Make the cloud on this machine, or bring it back; run again, it changes nothing",
    [
      "sudo ./underpin up",
      "sudo ./underpin up -f cloud.yaml",
      "sudo ./underpin up -f cloud.yaml --yes",
      "sudo ./underpin up -o json | jq .message",
    ],
    [
      "Makes Kubernetes, OpenStack as its workload, and a guest that answers. It first says what it will install.",
      "Of a cloud that is there it shows the plan of what would change, and asks; a first run and one that changes nothing do not.",
      "A plan that waits for an approval ends it with exit code 0, and it says what comes next.",
      "Interrupted at any moment and run again, it goes on; after `stop` or a reboot it brings the same cloud back.",
    ],
  ),
});

async function up(cli: CliContext, flags: Flags): Promise<ExitCode> {
  const [{ loadCloud, findingLine }, { takenRanges }, { engine }, { longRun }] = await Promise.all([
    import("../cloud-file.ts"),
    import("../taken.ts"),
    import("../wiring.ts"),
    import("../run.ts"),
  ]);
  const file = flags.file ?? DEFAULT_CLOUD;
  const cloud = await loadCloud(file, await takenRanges());
  for (const warning of cloud.warnings) cli.err(findingLine(file, warning));
  const say = flags.output === "json" ? cli.err : cli.out;
  const preview = await engine.preview(cli, cloud);
  if (preview.length > 0) {
    say(["This will be installed on this machine:", ...preview.map((line) => `  ${line}`)].join("\n"));
    if (!flags.yes && !(await confirm(cli, "Go on?"))) return EXIT.interrupted;
  }
  const summary = await longRun(cli, { command: "underpin up", output: flags.output }, (run) =>
    engine.up(cli, cloud, run, {
      plan: flags.plan,
      yes: flags.yes,
      out: say,
      whole: `underpin plan -f ${file} --detail`,
    }),
  );
  if (flags.output === "json") cli.out(JSON.stringify({ summary }));
  else cli.out(summaryLines(summary).join("\n"));
  return EXIT.ok;
}

/** What a user needs next, in at most ten lines. */
export function summaryLines(summary: UpSummary): string[] {
  if (summary.apiUrl === undefined) return ["There is no cloud yet.", ...waitsLines(summary.waits)];
  const { cloudsYaml, guest, waits } = summary;
  return [
    waits === undefined
      ? `The cloud is up${summary.changed ? "." : "; nothing was changed."}`
      : "The cloud is up, as it was before the change.",
    ...(waits === undefined ? [] : waitsLines(waits)),
    `  API      ${summary.apiUrl}`,
    `  client   entry "${cloudsYaml.entry}" in ${cloudsYaml.file}: openstack --os-cloud ${cloudsYaml.entry} server list`,
    "           or without installing it: ./underpin openstack server list",
    ...(guest === undefined ? [] : [`  guest    ${guest.name} at ${guest.address}`, `  ssh      ${guest.ssh}`]),
    "  status   ./underpin status",
  ];
}
