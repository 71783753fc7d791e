// cli: one file a verb; flags become one library call, and what comes back is drawn for a terminal, a log or a program.
import { enableCompileCache } from "node:module";

enableCompileCache();

const [{ run, proposeCompletions }, { application }, { cliContext }, { EXIT, exitCodeOf, renderError }] =
  await Promise.all([import("@stricli/core"), import("./app.ts"), import("./context.ts"), import("./errors.ts")]);

type Context = ReturnType<typeof cliContext>;

/** Verbs whose arguments belong to another program: `-n` and `--help` are its own. */
const HANDED_OVER: Readonly<Record<string, (cli: Context, args: readonly string[]) => Promise<number>>> = {
  kubectl: async (cli, args) => (await import("./verbs/kubectl.ts")).kubectl(cli, args),
  openstack: async (cli, args) => (await import("./verbs/openstack.ts")).openstack(cli, args),
  test: async (_cli, args) => (await import("./verbs/test.ts")).test(args),
};

async function main(argv: readonly string[]): Promise<void> {
  const cli = cliContext(process);
  const [name = "--help", ...args] = argv;
  const app = application((process.env["NO_COLOR"] ?? "") === "");
  if (name === "__complete") {
    for (const { completion, brief } of await proposeCompletions(app, args, cli)) cli.out(`${completion}\t${brief}`);
    return;
  }
  const other = Object.hasOwn(HANDED_OVER, name) ? HANDED_OVER[name] : undefined;
  if (other !== undefined) {
    process.exitCode = await other(cli, args);
    return;
  }
  await run(app, [name, ...args], cli);
  // stricli has codes of its own, below zero: what it refuses is a wrong command line. Of a plan, 2 says something else.
  if (typeof process.exitCode === "number" && process.exitCode < 0)
    process.exitCode = name === "plan" ? EXIT.failed : EXIT.usage;
}

// A reader that has enough (`| head`) closes the pipe: that is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) =>
  process.exit(error.code === "EPIPE" ? EXIT.ok : EXIT.failed),
);

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${renderError(error, process.env["UNDERPIN_DEBUG"] === "1")}\n`);
  process.exitCode = exitCodeOf(error);
}
