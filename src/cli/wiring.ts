import { homedir } from "node:os";
import { exec } from "../host/exec.ts";
import { removeUnderlay, stopUnderlay, underlayState } from "../underlay/index.ts";
import { bringUp, CLOUD_ENTRY } from "../up/index.ts";
import { openstackConfigFolder, removeCloudEntry } from "../up/clouds-yaml.ts";
import { forgetGuest } from "../up/guest.ts";
import { preview } from "../up/preview.ts";
import { connect, findProgram, kubeconfigPath, theCloud } from "./cluster.ts";
import type { CliContext } from "./context.ts";
import type { Engine } from "./engine.ts";
import type { Check } from "./verbs/doctor.ts";
import { readWitness } from "./witness-report.ts";

/** The library behind the verbs. */
export const engine: Engine = {
  preview: (cli) => preview({ cacheDir: cli.paths.cache, stateDir: cli.paths.state }),
  up: (cli, { cloud, written }, { report, signal }) =>
    bringUp({
      cloud,
      written,
      cacheDir: cli.paths.cache,
      stateDir: cli.paths.state,
      env: cli.env,
      home: homedir(),
      exec,
      report,
      signal,
    }),
  stop: async (cli, { report }) => {
    const { state } = await underlayState({ stateDir: cli.paths.state });
    if (state === "absent" || state === "stopped") return false;
    await stopUnderlay({ stateDir: cli.paths.state, report });
    return true;
  },
  down: async (cli, { purge }, { report }) => {
    const { state } = await underlayState({ stateDir: cli.paths.state });
    await removeCloudEntry(openstackConfigFolder(cli.env, homedir()), CLOUD_ENTRY);
    if (state === "absent" && !purge) return false;
    await removeUnderlay({ stateDir: cli.paths.state, report, purge });
    // With the data goes the key to it: two clouds share nothing.
    if (purge) await forgetGuest(cli.paths.state);
    return state !== "absent";
  },
  openstackCommand: async (cli, args) => {
    const kube = await connect(cli);
    try {
      const cloud = await theCloud(kube);
      const [kubectl, kubeconfig] = await Promise.all([findProgram(cli, "kubectl"), kubeconfigPath(cli)]);
      const { stdin, stdout } = process;
      const terminal = stdin.isTTY && stdout.isTTY ? ["-it"] : stdin.isTTY ? [] : ["-i"];
      const where = ["-n", cloud.metadata.namespace, "deploy/client", "-c", "client"];
      return [
        kubectl,
        "--kubeconfig",
        kubeconfig,
        "exec",
        ...terminal,
        ...where,
        "--",
        "/opt/openstack/bin/openstack",
        ...args,
      ];
    } finally {
      await kube.close();
    }
  },
  witness: readWitness,
};

/** What this machine has and lacks. */
export async function checks(cli: CliContext): Promise<readonly Check[]> {
  const { runChecks } = await import("../underlay/doctor.ts");
  return runChecks({ cacheDir: cli.paths.cache, stateDir: cli.paths.state });
}
