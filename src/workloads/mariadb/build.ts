import type { BuildInput, Manifest } from "../contract.ts";
import { resolveStorage } from "../../api/cloud.ts";
import { GROUP } from "../../api/names.ts";
import {
  caDir,
  configMapDir,
  container,
  contentConfigMap,
  contentSecret,
  emptyDir,
  execProbe,
  job,
  livenessProbe,
  mountsOf,
  secretDir,
  service,
  startupProbe,
  statefulSet,
  UID,
  volumesOf,
  type Mounted,
  type Owner,
} from "../kit/index.ts";
import { accountsSql, clientConfig, initSql } from "./accounts.ts";
import { ACCOUNTS_DIR, CONFIG_DIR, INIT_DIR, memoryRequest, script, serverFiles, TLS_DIR } from "./config.ts";

const PORT = 3306;

/** All objects of the managed database; none when the Cloud uses an external one. */
export function build(input: BuildInput): readonly Manifest[] {
  if (input.cloud.spec.database.type !== "Managed") return [];
  const owner: Owner = { input, workload: "mariadb", name: "mariadb" };
  return [...server(owner), ...accounts(owner)];
}

function server(owner: Owner): readonly Manifest[] {
  const { cloud, facts } = owner.input;
  const config = contentConfigMap(owner, "mariadb-config", serverFiles(cloud.spec.profile));
  const init = contentSecret(owner, "mariadb-init", { "init.sql": initSql(owner.input) });
  const mounted: readonly Mounted[] = [
    configMapDir("config", config.metadata.name, CONFIG_DIR, 0o555),
    secretDir("init", init.metadata.name, INIT_DIR),
    secretDir("tls", "mariadb-tls", TLS_DIR),
    emptyDir("run", "/run/mysqld"),
  ];
  const set = statefulSet(owner, {
    replicas: 1,
    uid: UID.mysql,
    // A clean shutdown flushes what is in memory; a killed server replays its log at the next start.
    graceSeconds: 60,
    placement: cloud.spec.placement,
    // The server reads its certificate only at start.
    annotations: { [`${GROUP}/certificate`]: facts.certificateHashes["mariadb-tls"] ?? "" },
    claims: { data: resolveStorage(cloud, "database") },
    containers: [serverContainer(owner, mounted)],
    volumes: volumesOf(mounted),
  });
  return [config, init, service(owner, { ports: { mysql: PORT } }), set];
}

function serverContainer({ input }: Owner, mounted: readonly Mounted[]) {
  const query = execProbe([`${CONFIG_DIR}/query.sh`]);
  return container({
    name: "mariadb",
    image: input.images["mariadb"] ?? "",
    command: [`${CONFIG_DIR}/start.sh`],
    ports: { mysql: PORT },
    mounts: [{ name: "data", mountPath: "/var/lib/mysql" }, ...mountsOf(mounted)],
    resources: { requests: { cpu: "50m", memory: memoryRequest(input.cloud.spec.profile) } },
    startup: startupProbe(query, 120),
    readiness: query,
    liveness: livenessProbe(query),
  });
}

function accounts(server: Owner): readonly Manifest[] {
  const { input } = server;
  const owner: Owner = { ...server, name: "mariadb-accounts" };
  const scripts = contentConfigMap(owner, "mariadb-accounts", { "accounts.sh": script("accounts.sh") });
  const secret = contentSecret(owner, "mariadb-accounts", {
    "client.cnf": clientConfig(input),
    "accounts.sql": accountsSql(input),
  });
  const mounted: readonly Mounted[] = [
    configMapDir("scripts", scripts.metadata.name, CONFIG_DIR, 0o555),
    secretDir("accounts", secret.metadata.name, ACCOUNTS_DIR),
    caDir(),
  ];
  const run = job(owner, {
    uid: UID.mysql,
    placement: input.cloud.spec.placement,
    containers: [
      container({
        name: "accounts",
        image: input.images["mariadb"] ?? "",
        command: [`${CONFIG_DIR}/accounts.sh`],
        mounts: mountsOf(mounted),
      }),
    ],
    volumes: volumesOf(mounted),
  });
  return [scripts, secret, run];
}
