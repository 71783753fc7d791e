import {
  type Application,
  ArgumentScannerError,
  buildApplication,
  buildRouteMap,
  formatMessageForArgumentScannerError,
  text_en,
} from "@stricli/core";
import type { CliContext } from "./context.ts";
import { command as abort } from "./verbs/abort.ts";
import { command as apply } from "./verbs/apply.ts";
import { command as approve } from "./verbs/approve.ts";
import { command as cache } from "./verbs/cache.ts";
import { command as check } from "./verbs/check.ts";
import { command as completion } from "./verbs/completion.ts";
import { command as config } from "./verbs/config.ts";
import { command as diff } from "./verbs/diff.ts";
import { command as doctor } from "./verbs/doctor.ts";
import { command as down } from "./verbs/down.ts";
import { command as explain } from "./verbs/explain.ts";
import { command as history } from "./verbs/history.ts";
import { command as kubeconfig } from "./verbs/kubeconfig.ts";
import { command as kubectl } from "./verbs/kubectl.ts";
import { command as logs } from "./verbs/logs.ts";
import { command as openstack } from "./verbs/openstack.ts";
import { command as pause } from "./verbs/pause.ts";
import { command as plan } from "./verbs/plan.ts";
import { command as release } from "./verbs/release.ts";
import { command as resume } from "./verbs/resume.ts";
import { command as schema } from "./verbs/schema.ts";
import { command as snapshot } from "./verbs/snapshot.ts";
import { command as status } from "./verbs/status.ts";
import { command as stop } from "./verbs/stop.ts";
import { command as test } from "./verbs/test.ts";
import { command as undo } from "./verbs/undo.ts";
import { command as up } from "./verbs/up.ts";
import { command as version } from "./verbs/version.ts";
import { command as watch } from "./verbs/watch.ts";
import { command as witness } from "./verbs/witness.ts";

const EXIT_CODES = [
  "EXIT CODES",
  "  0    done",
  "  1    the work failed, or something is wrong",
  "  2    the command line or the Cloud is not right; nothing was touched. Of `plan`: there are changes",
  "  3    another command that changes things is at work",
  "  4    there is no running cluster to talk to",
  "  130  interrupted",
  "",
  "ENVIRONMENT",
  "  UNDERPIN_CACHE   folder of what can be rebuilt; default: $XDG_CACHE_HOME/underpin or ~/.cache/underpin",
  "  UNDERPIN_STATE   folder of what must last; default: /var/lib/underpin",
  "  UNDERPIN_DEBUG   1: errors with their stack traces",
  "  NO_COLOR         not empty: no colours",
].join("\n");

/** The command line as data: one file a verb, each loading its libraries only when it runs. */
export function application(color: boolean): Application<CliContext> {
  const root = buildRouteMap<string, CliContext>({
    routes: {
      up,
      stop,
      down,
      check,
      plan,
      apply,
      approve,
      pause,
      resume,
      abort,
      watch,
      history,
      diff,
      undo,
      snapshot,
      explain,
      config,
      schema,
      release,
      status,
      witness,
      doctor,
      openstack,
      kubectl,
      kubeconfig,
      logs,
      version,
      completion,
      cache,
      test,
    },
    docs: {
      brief: "OpenStack as a workload of Kubernetes: one declarative cloud, one operational model",
      fullDescription: `OpenStack as a workload of Kubernetes: one declarative cloud, one operational model.\n\nEXAMPLES\n  sudo ./underpin up\n  underpin check -f cloud.yaml\n  underpin status\n  underpin openstack server list\n\n${EXIT_CODES}`,
    },
  });
  return buildApplication(root, {
    name: "underpin",
    scanner: { caseStyle: "allow-kebab-for-camel", allowArgumentEscapeSequence: true },
    documentation: { caseStyle: "convert-camel-to-kebab", useAliasInUsageLine: true, disableAnsiColor: !color },
    localization: {
      text: { ...text_en, noCommandRegisteredForInput: unknownVerb, exceptionWhileParsingArguments: wrongArguments },
    },
  });
}

function unknownVerb({
  input,
  corrections,
}: {
  readonly input: string;
  readonly corrections: readonly string[];
}): string {
  const meant = corrections.map((name) => `underpin ${name.replaceAll("`", "")}`);
  const next = meant.length === 0 ? "See the commands with: underpin --help" : `Did you mean: ${meant.join(", or ")}`;
  return `error: there is no command "${input}"\n  next: ${next}`;
}

function wrongArguments(problem: unknown): string {
  const what =
    problem instanceof ArgumentScannerError ? formatMessageForArgumentScannerError(problem, {}) : String(problem);
  return `error: ${what.charAt(0).toLowerCase()}${what.slice(1)}\n  next: See what the command takes: underpin COMMAND --help`;
}
