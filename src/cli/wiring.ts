import { homedir } from "node:os";
import { exec } from "../host/exec.ts";
import { stopUnderlay, underlayState } from "../underlay/index.ts";
import { bringUp, CLOUD_ENTRY } from "../up/index.ts";
import { knownClouds, purge, takeDown } from "../up/down.ts";
import { preview } from "../up/preview.ts";
import { connect, findProgram, kubeconfigPath, theCloud } from "./cluster.ts";
import { consent } from "./confirm.ts";
import type { CliContext } from "./context.ts";
import type { Engine } from "./engine.ts";
import type { Check } from "./verbs/doctor.ts";
import { readWitness } from "./witness-report.ts";

/** The library behind the verbs. */
export const engine: Engine = {
  preview: (cli) => preview({ cacheDir: cli.paths.cache, stateDir: cli.paths.state }),
  up: (cli, loaded, { report, signal }, agreeing) =>
    bringUp({
      cloud: loaded.cloud,
      written: loaded.written,
      agree: async (kube, images) => {
        const { agreeUp } = await import("./agreement.ts");
        return agreeUp({ ...agreeing, kube, loaded, images, ask: consent(cli, agreeing.yes) });
      },
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
    // A `down` that comes next finds no API server to ask.
    await knownClouds(cli.paths.state);
    await stopUnderlay({ stateDir: cli.paths.state, report });
    return true;
  },
  doomed: async (cli) => {
    const { clouds, source } = await knownClouds(cli.paths.state);
    const names = clouds.filter(({ deletionPolicy }) => deletionPolicy === "Delete");
    return { clouds: names.map(({ namespace, name }) => `${namespace}/${name}`), source };
  },
  down: (cli, { purge: all }, { report }) => {
    const options = { stateDir: cli.paths.state, env: cli.env, home: homedir(), entry: CLOUD_ENTRY, report };
    return all ? purge(options) : takeDown(options);
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
