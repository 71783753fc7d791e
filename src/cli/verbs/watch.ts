import { buildCommand } from "@stricli/core";
import type { Plan } from "../../api/plan.ts";
import type { KubeClient } from "../../kube/client.ts";
import { help } from "../help.ts";
import { type CliContext, verb } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../errors.ts";
import { type ClusterFlags, contextFlag, eventsFlag, kubeconfigFlag, namespaceFlag } from "../flags.ts";
import { planArgument } from "../plan-argument.ts";
import type { WatchRenderer } from "../render/plan-watch.ts";
import { withCluster } from "../with-cluster.ts";

interface Flags extends ClusterFlags {
  readonly namespace?: string;
  readonly output?: "json";
}

export const command = buildCommand<Flags, [string?], CliContext>({
  func: verb(watch),
  parameters: {
    flags: { namespace: namespaceFlag, output: eventsFlag, kubeconfig: kubeconfigFlag, context: contextFlag },
    aliases: { n: "namespace", o: "output" },
    positional: { kind: "tuple", parameters: [{ ...planArgument(), optional: true }] },
  },
  docs: help(
    "Follow a plan as it is carried out, until it has ended",
    ["underpin watch", "underpin watch laptop-7", "underpin watch -o json | jq -r .step"],
    [
      "Without a name the plan of the Cloud that runs or waits, else the last. On a terminal it draws the graph of the steps",
      "again and again; otherwise it writes a line for each step that changes. Ctrl-C ends the watching, not the plan.",
      "Exit code 0: the plan succeeded. 1: it failed, was aborted or superseded. 130: interrupted.",
    ],
  ),
});

/** The witness is asked 12 s after the end, and twice more when it saw nothing; it takes some seconds to gather its answers. */
const EVIDENCE_MS = 45_000;

async function watch(cli: CliContext, flags: Flags, name?: string): Promise<ExitCode> {
  return withCluster(cli, flags, async (kube) => {
    const [{ findPlan }, { isOver }] = await Promise.all([
      import("../plan-found.ts"),
      import("../render/plan-words.ts"),
    ]);
    const plan = await findPlan(kube, name, flags.namespace);
    if (plan.spec.candidate !== undefined)
      throw new CliError(
        `Plan ${plan.metadata.name} is a candidate, which is never carried out`,
        `See what it would do: underpin plan ${plan.metadata.name}`,
        { exitCode: EXIT.usage },
      );
    const over = isOver(plan.status?.phase);
    const ended = over ? plan : await followed(cli, flags, kube, plan);
    if (ended === undefined) return EXIT.interrupted;
    if (flags.output === undefined) await tellEnd(cli, ended);
    else if (over) cli.out(JSON.stringify({ plan: plan.metadata.name, ...plan.status }));
    return ended.status?.phase === "Succeeded" ? EXIT.ok : EXIT.failed;
  });
}

/** Undefined when interrupted. */
async function followed(cli: CliContext, flags: Flags, kube: KubeClient, plan: Plan): Promise<Plan | undefined> {
  const { followPlan } = await import("../follow-plan.ts");
  const renderer = await rendererFor(cli, flags);
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.once("SIGINT", interrupt);
  process.once("SIGTERM", interrupt);
  try {
    return await followPlan(kube, plan, {
      onChange: renderer.show,
      onTrouble: (error) => renderer.note(`The API server does not answer (${reasonOf(error)}); it is asked again.`),
      signal: stop.signal,
      evidenceMs: EVIDENCE_MS,
    });
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    const { name } = plan.metadata;
    cli.err(`Plan ${name} goes on without being watched.`);
    cli.err(`  next: underpin watch ${name}, or to stop it: underpin pause ${name}, underpin abort ${name}`);
    return undefined;
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
    renderer.close();
  }
}

async function rendererFor(cli: CliContext, flags: Flags): Promise<WatchRenderer> {
  const [{ jsonWatch, liveWatch, plainWatch }, { screenOf }] = await Promise.all([
    import("../render/plan-watch.ts"),
    import("../screen.ts"),
  ]);
  const { stdout } = process;
  const write = (text: string): void => void stdout.write(text);
  const { terminal, color } = screenOf(cli);
  if (flags.output === "json") return jsonWatch(write, () => new Date());
  if (!terminal) return plainWatch(write);
  return liveWatch({
    write,
    color,
    size: () => ({ columns: stdout.columns, rows: stdout.rows }),
    now: () => new Date(),
  });
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function tellEnd(cli: CliContext, plan: Plan): Promise<void> {
  const [{ endLines }, { textWidth }] = await Promise.all([
    import("../render/plan-stored.ts"),
    import("../render/width.ts"),
  ]);
  cli.out(endLines(plan, textWidth()).join("\n"));
}
