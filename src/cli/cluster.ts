import { access, constants, readdir, stat } from "node:fs/promises";
import { delimiter, join } from "node:path";
import type { Cloud } from "../api/cloud.ts";
import type { KubeClient } from "../kube/client.ts";
import type { CliContext } from "./context.ts";
import { CliError, EXIT } from "./errors.ts";
import type { ClusterFlags } from "./flags.ts";

/** The kubeconfig to use: the flag's, else of the cluster on this machine, else $KUBECONFIG. Throws CliError (exit code 4). */
export async function kubeconfigPath(cli: CliContext, flags: ClusterFlags = {}): Promise<string> {
  if (flags.kubeconfig !== undefined) return flags.kubeconfig;
  const own = await access(cli.paths.kubeconfig, constants.R_OK).then(
    () => "readable",
    (error: NodeJS.ErrnoException) => error.code ?? "unreadable",
  );
  if (own === "readable") return cli.paths.kubeconfig;
  if (own === "EACCES") {
    throw new CliError(
      `${cli.paths.kubeconfig} is the administrator's, and cannot be read`,
      "Run the command as root, for example with sudo.",
      {
        exitCode: EXIT.notRunning,
      },
    );
  }
  const [given] = (cli.env["KUBECONFIG"] ?? "").split(delimiter);
  if (given !== undefined && given !== "") return given;
  throw new CliError(
    "There is no cluster on this machine",
    "Make one with: underpin up. Or name one: --kubeconfig FILE",
    {
      exitCode: EXIT.notRunning,
    },
  );
}

/** A client of the cluster; close it when done. */
export async function connect(cli: CliContext, flags: ClusterFlags = {}): Promise<KubeClient> {
  const path = await kubeconfigPath(cli, flags);
  const [{ loadKubeconfig }, { createClient }] = await Promise.all([
    import("../kube/config.ts"),
    import("../kube/http-client.ts"),
  ]);
  return createClient(await loadKubeconfig(path, flags.context));
}

/** All Clouds of the cluster. None when it does not know the kind yet. */
export async function listClouds(kube: KubeClient, namespace?: string): Promise<readonly Cloud[]> {
  const [{ CLOUD_KIND, readCloud }, { API_VERSION }, { isReason }] = await Promise.all([
    import("../api/cloud.ts"),
    import("../api/names.ts"),
    import("../kube/errors.ts"),
  ]);
  try {
    const query = { apiVersion: API_VERSION, kind: CLOUD_KIND };
    const { items } = await kube.list(namespace === undefined ? query : { ...query, namespace });
    // The items of a list do not repeat their type.
    return items.map((item) => readCloud({ ...item, ...query }));
  } catch (error) {
    if (isReason(error, "UnknownKind")) return [];
    throw error;
  }
}

/** The Cloud in question: the only one, or the one of `namespace`. Throws CliError. */
export async function theCloud(kube: KubeClient, namespace?: string): Promise<Cloud> {
  const clouds = await listClouds(kube, namespace);
  const [cloud, ...more] = clouds;
  if (cloud === undefined) {
    const where = namespace === undefined ? "in this cluster" : `in namespace ${namespace}`;
    throw new CliError(`There is no Cloud ${where}`, "Make one with: underpin up", { exitCode: EXIT.notRunning });
  }
  if (more.length > 0) {
    const names = clouds.map(({ metadata }) => metadata.namespace).join(", ");
    throw new CliError(`There are ${clouds.length} Clouds, in the namespaces ${names}`, "Say which one: -n NAMESPACE", {
      exitCode: EXIT.usage,
    });
  }
  return cloud;
}

/** A program of the cluster's version from the cache, else one of the machine. Throws CliError. */
export async function findProgram(cli: CliContext, name: string): Promise<string> {
  const folder = join(cli.paths.cache, "store", "binaries");
  const entries = await readdir(folder).catch((): string[] => []);
  const candidates = await Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry, name);
      const found = await stat(path).catch(() => undefined);
      return found === undefined ? undefined : { path, made: found.ctimeMs };
    }),
  );
  const newest = candidates.filter((one) => one !== undefined).toSorted((a, b) => b.made - a.made)[0];
  if (newest !== undefined) return newest.path;
  for (const directory of (cli.env["PATH"] ?? "").split(delimiter)) {
    const path = join(directory, name);
    if (await executable(path)) return path;
  }
  throw new CliError(`There is no ${name} on this machine`, "It comes with: underpin up", {
    exitCode: EXIT.notRunning,
  });
}

async function executable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
