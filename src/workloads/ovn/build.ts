import { readFileSync } from "node:fs";
import type { BuildInput, Manifest } from "../contract.ts";
import {
  configMapDir,
  container,
  contentConfigMap,
  deployment,
  emptyDir,
  execProbe,
  livenessProbe,
  mountsOf,
  service,
  startupProbe,
  statefulSet,
  volumesOf,
  type Mounted,
  type Owner,
} from "../kit/index.ts";
import { databases, northbound, southbound, type Database } from "./addresses.ts";

/** User `openvswitch` of the image. */
const UID = 42476;
const SCRIPTS = "/etc/underpin/ovn";
const FILES = ["database.sh", "database-ready.sh", "northd.sh", "northd-ready.sh"] as const;

/**
 * All objects of OVN's central part. northd and everything on the nodes use the databases' fixed cluster addresses,
 * because Open vSwitch and its Python library have no resolver: northd is built once the addresses are known.
 */
export function build(input: BuildInput): readonly Manifest[] {
  const owner: Owner = { input, workload: "ovn", name: "ovn" };
  const scripts = contentConfigMap(owner, "ovn-scripts", Object.fromEntries(FILES.map((name) => [name, script(name)])));
  const mounted = [configMapDir("scripts", scripts.metadata.name, SCRIPTS, 0o555), emptyDir("run", "/run/ovn")];
  return [
    scripts,
    ...databases.flatMap((database) => databaseObjects(owner, database, mounted)),
    ...northd(owner, mounted),
  ];
}

function databaseObjects(parent: Owner, database: Database, mounted: readonly Mounted[]): readonly Manifest[] {
  const owner: Owner = { ...parent, name: database.service };
  const { cloud, images } = parent.input;
  const answers = execProbe([`${SCRIPTS}/database-ready.sh`, String(database.port), database.schema]);
  const server = container({
    name: "ovsdb-server",
    image: images["ovn"] ?? "",
    command: [`${SCRIPTS}/database.sh`, database.short, String(database.port)],
    ports: { ovsdb: database.port },
    mounts: [{ name: "data", mountPath: "/var/lib/ovn" }, ...mountsOf(mounted)],
    resources: { requests: { cpu: "10m", memory: "16Mi" } },
    startup: startupProbe(answers, 60),
    readiness: answers,
    liveness: livenessProbe(answers),
  });
  const set = statefulSet(owner, {
    replicas: 1,
    uid: UID,
    placement: cloud.spec.placement,
    claims: { data: { size: "1Gi", className: cloud.spec.database.managed.storage.className } },
    containers: [server],
    volumes: volumesOf(mounted),
  });
  return [service(owner, { ports: { ovsdb: database.port } }), set];
}

function northd(parent: Owner, mounted: readonly Mounted[]): readonly Manifest[] {
  const { input } = parent;
  const [nb, sb] = [northbound(input), southbound(input)];
  if (nb === undefined || sb === undefined) return [];
  const owner: Owner = { ...parent, name: "ovn-northd" };
  const connected = execProbe([`${SCRIPTS}/northd-ready.sh`]);
  const daemon = container({
    name: "northd",
    image: input.images["ovn"] ?? "",
    command: [`${SCRIPTS}/northd.sh`],
    env: [
      { name: "OVN_NB", value: nb },
      { name: "OVN_SB", value: sb },
    ],
    mounts: mountsOf(mounted),
    resources: { requests: { cpu: "10m", memory: "16Mi" } },
    startup: startupProbe(connected, 120),
    readiness: connected,
  });
  const { placement } = input.cloud.spec;
  return [deployment(owner, { replicas: 1, uid: UID, placement, containers: [daemon], volumes: volumesOf(mounted) })];
}

function script(name: string): string {
  return readFileSync(new URL(`./scripts/${name}`, import.meta.url), "utf8");
}
