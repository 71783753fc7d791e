import { resolveService } from "../../api/cloud.ts";
import type { BuildInput, Manifest } from "../contract.ts";
import { catalogInput, WITNESS_USER, type CatalogUserRequest } from "../kit/catalog.ts";
import {
  CA_FILE,
  caDir,
  configMapDir,
  container,
  contentConfigMap,
  deployment,
  emptyDir,
  httpProbe,
  internalUrl,
  livenessProbe,
  mountsOf,
  secretDir,
  service,
  UID,
  volumesOf,
  type Owner,
} from "../kit/index.ts";
import { SERVICE_USER } from "./users.ts";

const PORT = 9100;
const FOLDER = "/var/lib/underpin-witness";
const CONFIG = "/etc/witness";
/** It allocates little: 51 MB of memory instead of 64. For the last one its image has compiled what it runs. */
const NODE = ["node", "--max-old-space-size=64", "--max-semi-space-size=1", "--v8-pool-size=1", "--optimize-for-size"];

/** The witness reads its passwords and the authority again while it runs, so that their rotation does not blind it. */
export function build(input: BuildInput): readonly Manifest[] {
  const owner: Owner = { input, workload: "witness", name: "witness" };
  const config = contentConfigMap(owner, "witness-config", {
    "witness.json": `${JSON.stringify(configOf(input), null, 2)}\n`,
  });
  const mounted = [
    configMapDir("config", config.metadata.name, CONFIG),
    ...[WITNESS_USER, SERVICE_USER].map(({ credential }) => secretDir(credential, credential, secretPath(credential))),
    caDir(),
    emptyDir("journal", FOLDER),
  ];
  const witness = container({
    name: "witness",
    image: input.images["operator"] ?? "",
    command: [...NODE, "/opt/underpin/src/witness/main.ts", "--config", `${CONFIG}/witness.json`],
    ports: { metrics: PORT },
    mounts: mountsOf(mounted),
    resources: { requests: { cpu: "10m", memory: "64Mi" } },
    readiness: httpProbe(PORT, "/healthz"),
    liveness: livenessProbe(httpProbe(PORT, "/healthz")),
  });
  return [
    config,
    service(owner, { ports: { metrics: PORT } }),
    deployment(owner, {
      replicas: 1,
      // Two at once would remove what the other is just working with.
      strategy: "Recreate",
      uid: UID.underpin,
      placement: resolveService(input.cloud, "witness").placement,
      containers: [witness],
      volumes: volumesOf(mounted),
      graceSeconds: 15,
    }),
  ];
}

function configOf(input: BuildInput) {
  return {
    authUrl: internalUrl(input, "/identity"),
    region: input.cloud.spec.region,
    caFile: CA_FILE,
    project: WITNESS_USER.project,
    apis: catalogInput(input).services.map(({ type }) => type),
    users: { member: userOf(WITNESS_USER), service: userOf(SERVICE_USER) },
    readEverySeconds: 1,
    cycleEverySeconds: 10,
    folder: FOLDER,
    port: PORT,
  };
}

function userOf({ name, credential }: CatalogUserRequest) {
  return { name, passwordFile: `${secretPath(credential)}/password` };
}

function secretPath(credential: string): string {
  return `/etc/underpin/${credential}`;
}
