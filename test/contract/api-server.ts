// A real kube-apiserver with etcd on loopback, for contract tests.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ClusterConfig } from "../../src/kube/config.ts";
import { pathsFrom } from "../../src/cli/paths.ts";
import { exec } from "../../src/host/exec.ts";
import { attempts } from "../harness/attempts.ts";

/** Token of the operator's service account, which has the rights that are bound to it and no others. */
export const OPERATOR_TOKEN = "operator-token";

export interface ApiServer {
  readonly config: ClusterConfig;
  /** The same as `config`, as a kubeconfig with an administrator's certificate. */
  readonly kubeconfig: string;
  /** Drops every revision before now, so that old resource versions are gone. */
  compact(): Promise<void>;
  stop(): Promise<void>;
}

/** Folder of the programs: `UNDERPIN_BIN`, else the newest that this checkout has built; undefined when there is none. */
export function binaries(): string | undefined {
  const store = join(pathsFrom(process.env).cache, "store", "binaries");
  const built = existsSync(store) ? readdirSync(store).filter((name) => name.startsWith("bin-")) : [];
  const newestFirst = built
    .map((name) => ({ folder: join(store, name), made: statSync(join(store, name)).mtimeMs }))
    .toSorted((a, b) => b.made - a.made);
  const needed = ["kube-apiserver", "etcd", "etcdctl"];
  const folders = [process.env["UNDERPIN_BIN"], ...newestFirst.map(({ folder }) => folder)];
  return folders.find((folder) => folder !== undefined && needed.every((name) => existsSync(join(folder, name))));
}

/** Starts both on random ports of loopback, with an administrator's token. A port may be taken before it is used. */
export async function startApiServer(bin: string): Promise<ApiServer> {
  return attempts(() => started(bin));
}

async function started(bin: string): Promise<ApiServer> {
  const folder = await mkdtemp(join(tmpdir(), "kube-contract-"));
  const [clientPort, peerPort, port] = await Promise.all([freePort(), freePort(), freePort()]);
  await makeKeys(folder);
  const etcdUrl = `http://127.0.0.1:${clientPort}`;
  const children = [
    run(join(bin, "etcd"), etcdArguments(folder, etcdUrl, `http://127.0.0.1:${peerPort}`)),
    run(join(bin, "kube-apiserver"), apiArguments(folder, etcdUrl, port)),
  ];
  const stop = async (): Promise<void> => {
    await Promise.all(children.toReversed().map(end));
    await rm(folder, { recursive: true, force: true });
  };
  const config: ClusterConfig = {
    server: `https://127.0.0.1:${port}`,
    ca: await readFile(join(folder, "ca.crt"), "utf8"),
    token: () => Promise.resolve("admin-token"),
    namespace: "default",
  };
  try {
    await waitReady(config, children);
  } catch (error) {
    await stop();
    throw error;
  }
  const etcdctl = (...args: string[]) => exec(join(bin, "etcdctl"), [`--endpoints=${etcdUrl}`, ...args]);
  const compact = async (): Promise<void> => {
    const { stdout } = await etcdctl("endpoint", "status", "--write-out=json");
    const [status] = JSON.parse(stdout) as { Status: { header: { revision: number } } }[];
    await etcdctl("compact", String(status?.Status.header.revision));
  };
  return { config, kubeconfig: await kubeconfig(folder, config), compact, stop };
}

function etcdArguments(folder: string, url: string, peer: string): string[] {
  return [
    "--data-dir",
    join(folder, "etcd"),
    "--name",
    "contract",
    "--unsafe-no-fsync",
    "--log-level",
    "error",
    "--listen-client-urls",
    url,
    "--advertise-client-urls",
    url,
    "--listen-peer-urls",
    peer,
    "--initial-advertise-peer-urls",
    peer,
    "--initial-cluster",
    `contract=${peer}`,
  ];
}

function apiArguments(folder: string, etcdUrl: string, port: number): string[] {
  const file = (name: string): string => join(folder, name);
  return [
    "--etcd-servers",
    etcdUrl,
    "--bind-address",
    "127.0.0.1",
    "--secure-port",
    String(port),
    "--tls-cert-file",
    file("server.crt"),
    "--tls-private-key-file",
    file("server.key"),
    "--service-account-issuer",
    "https://contract.test",
    "--service-account-key-file",
    file("sa.pub"),
    "--service-account-signing-key-file",
    file("sa.key"),
    "--client-ca-file",
    file("ca.crt"),
    "--token-auth-file",
    file("tokens.csv"),
    "--authorization-mode",
    "RBAC",
    "--service-cluster-ip-range",
    "10.0.0.0/24",
    // Watches of ConfigMaps come from etcd itself, so that compaction makes old versions too old at once.
    "--watch-cache-sizes",
    "configmaps#0",
    // Nobody runs the controllers that these plugins wait for.
    "--disable-admission-plugins",
    "ServiceAccount",
    // As kubeadm has it: what touches the nodes is privileged.
    "--allow-privileged=true",
    "--profiling=false",
    "--v",
    "0",
  ];
}

async function makeKeys(folder: string): Promise<void> {
  const openssl = (...args: string[]) => exec("openssl", args, { cwd: folder });
  const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  await openssl("req", "-x509", ...ec, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=contract-ca");
  const names = ["-subj", "/CN=contract", "-addext", "subjectAltName=IP:127.0.0.1"];
  await openssl(
    "req",
    "-x509",
    ...ec,
    "-CA",
    "ca.crt",
    "-CAkey",
    "ca.key",
    ...names,
    "-keyout",
    "server.key",
    "-out",
    "server.crt",
  );
  const admin = ["-subj", "/O=system:masters/CN=certificate-admin"];
  await openssl(
    "req",
    "-x509",
    ...ec,
    "-CA",
    "ca.crt",
    "-CAkey",
    "ca.key",
    ...admin,
    "-keyout",
    "admin.key",
    "-out",
    "admin.crt",
  );
  await openssl("genrsa", "-out", "sa.key", "2048");
  await openssl("rsa", "-in", "sa.key", "-pubout", "-out", "sa.pub");
  const operator = `${OPERATOR_TOKEN},system:serviceaccount:underpin-system:underpin-operator,operator`;
  const tokens = `admin-token,admin,admin,"system:masters"\n${operator},"system:serviceaccounts"\n`;
  await writeFile(join(folder, "tokens.csv"), tokens, { mode: 0o600 });
}

async function kubeconfig(folder: string, { server }: ClusterConfig): Promise<string> {
  const data = async (file: string): Promise<string> => (await readFile(join(folder, file))).toString("base64");
  const user = { "client-certificate-data": await data("admin.crt"), "client-key-data": await data("admin.key") };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster: { server, "certificate-authority-data": await data("ca.crt") } }],
    users: [{ name: "u", user }],
    contexts: [{ name: "admin", context: { cluster: "c", user: "u", namespace: "somewhere" } }],
    "current-context": "admin",
  });
}

interface Running {
  readonly child: ChildProcess;
  readonly output: () => string;
}

function run(file: string, args: readonly string[]): Running {
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4000)));
  return { child, output: () => output };
}

async function end({ child }: Running): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL"); // nothing of it is kept
  await gone;
}

async function waitReady(config: ClusterConfig, children: readonly Running[]): Promise<void> {
  const { createClient } = await import("../../src/kube/http-client.ts");
  const client = createClient(config);
  try {
    for (const until = Date.now() + 120_000; ; await sleep(100)) {
      const dead = children.find(({ child }) => child.exitCode !== null);
      if (dead !== undefined) throw new Error(`${dead.child.spawnfile} ended:\n${dead.output()}`);
      const ready = await client.text({ method: "GET", path: "/readyz", idempotent: false }).catch(() => "no");
      if (ready === "ok") return;
      if (Date.now() > until) throw new Error(`kube-apiserver is not ready after 120 s:\n${children[1]?.output()}`);
    }
  } finally {
    await client.close();
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
