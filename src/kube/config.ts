import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { parse } from "yaml";

/** How to reach one cluster, and who we are there. */
export interface ClusterConfig {
  /** `https://host:port`, without a trailing slash. */
  readonly server: string;
  /** PEM. Absent: the system's authorities. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** Name to check the server's certificate against, when it is not the host of `server`. */
  readonly serverName?: string;
  /** Gives the bearer token; `fresh` asks for one read anew, after a 401. */
  readonly token?: (fresh: boolean) => Promise<string>;
  /** Namespace of the context, or of the pod. */
  readonly namespace: string;
}

export class ConfigError extends Error {
  constructor(source: string, problem: string, cause?: unknown) {
    super(`${source}: ${problem}`, cause === undefined ? {} : { cause });
    this.name = "ConfigError";
  }
}

interface Named {
  readonly name: string;
  readonly cluster?: Readonly<Record<string, unknown>>;
  readonly user?: Readonly<Record<string, unknown>>;
  readonly context?: Readonly<Record<string, unknown>>;
}

/** Reads a kubeconfig file: its current context or the one named. Throws ConfigError. */
export async function loadKubeconfig(path: string, context?: string): Promise<ClusterConfig> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw new ConfigError(path, "cannot be read; give the path of a kubeconfig file", cause);
  }
  return parseKubeconfig(text, { source: path, ...(context === undefined ? {} : { context }) });
}

/** As `loadKubeconfig`, from text; `source` is the file that relative paths and errors refer to. */
export async function parseKubeconfig(
  text: string,
  from: { source: string; context?: string },
): Promise<ClusterConfig> {
  const config = parse(text) as Record<string, unknown> | null;
  if (config === null || typeof config !== "object") throw new ConfigError(from.source, "is not a kubeconfig");
  const wanted = from.context ?? (config["current-context"] as string | undefined);
  if (!wanted) throw new ConfigError(from.source, "names no current-context; name a context");
  const find = (list: string, name: unknown): Named => {
    const found = ((config[list] ?? []) as Named[]).find((entry) => entry.name === name);
    if (found === undefined) throw new ConfigError(from.source, `has no "${String(name)}" in ${list}`);
    return found;
  };
  const chosen = find("contexts", wanted).context ?? {};
  const cluster = find("clusters", chosen["cluster"]).cluster ?? {};
  const user = find("users", chosen["user"]).user ?? {};
  const pem = (fields: Readonly<Record<string, unknown>>, name: string) => pemOf(fields, name, from.source);
  const [ca, cert, key] = await Promise.all([
    pem(cluster, "certificate-authority"),
    pem(user, "client-certificate"),
    pem(user, "client-key"),
  ]);
  const serverName = cluster["tls-server-name"] as string | undefined;
  const token = user["token"] as string | undefined;
  const tokenFile = user["tokenFile"] as string | undefined;
  if (user["exec"] !== undefined || user["auth-provider"] !== undefined)
    throw new ConfigError(
      from.source,
      `user "${String(chosen["user"])}" needs a credential program; use a certificate or a token`,
    );
  return {
    server: String(cluster["server"]).replace(/\/+$/, ""),
    namespace: (chosen["namespace"] as string | undefined) ?? "default",
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(serverName === undefined ? {} : { serverName }),
    ...(tokenFile === undefined ? {} : { token: tokenFromFile(resolve(dirname(from.source), tokenFile)) }),
    ...(token === undefined ? {} : { token: () => Promise.resolve(token) }),
  };
}

async function pemOf(
  fields: Readonly<Record<string, unknown>>,
  name: string,
  source: string,
): Promise<string | undefined> {
  const data = fields[`${name}-data`];
  if (typeof data === "string") return Buffer.from(data, "base64").toString("utf8");
  const file = fields[name];
  return typeof file === "string" ? readFile(resolve(dirname(source), file), "utf8") : undefined;
}

const POD_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount";

/** The cluster that this process is a pod of. Throws ConfigError outside one. */
export async function loadInClusterConfig(folder = POD_FOLDER, env = process.env): Promise<ClusterConfig> {
  const host = env["KUBERNETES_SERVICE_HOST"];
  const port = env["KUBERNETES_SERVICE_PORT"] ?? "443";
  if (!host) throw new ConfigError("KUBERNETES_SERVICE_HOST", "is not set: this is not a pod; give a kubeconfig");
  const [ca, namespace] = await Promise.all([
    readFile(`${folder}/ca.crt`, "utf8"),
    readFile(`${folder}/namespace`, "utf8"),
  ]);
  return {
    server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
    ca,
    namespace: namespace.trim(),
    token: tokenFromFile(`${folder}/token`),
  };
}

/** The kubelet renews a pod's token in place: it is read again every 60 s, and at once after a 401. */
function tokenFromFile(path: string, maxAgeMs = 60_000): (fresh: boolean) => Promise<string> {
  let token = "";
  let readAt = Number.NEGATIVE_INFINITY;
  return async (fresh) => {
    if (fresh || performance.now() - readAt > maxAgeMs) {
      token = (await readFile(path, "utf8")).trim();
      readAt = performance.now();
    }
    return token;
  };
}
