import { resolveStorage } from "../../api/cloud.ts";
import { GROUP } from "../../api/names.ts";
import type { BuildInput, Manifest } from "../contract.ts";
import {
  configMapDir,
  container,
  contentConfigMap,
  contentSecret,
  credential,
  emptyDir,
  execProbe,
  livenessProbe,
  mountsOf,
  secretDir,
  selectorLabels,
  service,
  serviceHost,
  startupProbe,
  statefulSet,
  UID,
  volumesOf,
  type Mounted,
  type Owner,
} from "../kit/index.ts";
import { CONFIG_DIR, SCHEDULERS, SECRET_DIR, serverFiles, TLS_DIR } from "./config.ts";
import { definitions } from "./definitions.ts";

const PORT = 5671;
/** Headless: gives each member a name that it keeps, which is part of its node's name and so of its data. */
const MEMBERS = "rabbitmq-members";

/** All objects of the managed message bus; none when the Cloud uses an external one. */
export function build(input: BuildInput): readonly Manifest[] {
  if (input.cloud.spec.messaging.type !== "Managed") return [];
  const owner: Owner = { input, workload: "rabbitmq", name: "rabbitmq" };
  const config = contentConfigMap(owner, "rabbitmq-config", serverFiles(input.cloud.spec.profile));
  const secret = contentSecret(owner, "rabbitmq-secret", {
    cookie: credential(input, "rabbitmq-cookie", "cookie"),
    "definitions.json": definitions(input),
  });
  const mounted: readonly Mounted[] = [
    configMapDir("config", config.metadata.name, CONFIG_DIR, 0o555),
    secretDir("secret", secret.metadata.name, SECRET_DIR),
    secretDir("tls", "rabbitmq-tls", TLS_DIR),
    emptyDir("run", "/run/rabbitmq"),
  ];
  const set = statefulSet(owner, {
    replicas: 1,
    serviceName: MEMBERS,
    uid: UID.rabbitmq,
    graceSeconds: 60,
    placement: input.cloud.spec.placement,
    annotations: { [`${GROUP}/certificate`]: input.facts.certificateHashes["rabbitmq-tls"] ?? "" },
    claims: { data: resolveStorage(input.cloud, "messaging") },
    containers: [serverContainer(owner, mounted)],
    volumes: volumesOf(mounted),
  });
  return [config, secret, service(owner, { ports: { amqps: PORT } }), memberService(owner), set];
}

function memberService(owner: Owner): Manifest {
  const options = { ports: { amqps: PORT }, headless: true, publishNotReady: true, selector: selectorLabels(owner) };
  return service({ ...owner, name: MEMBERS }, options);
}

function serverContainer({ input }: Owner, mounted: readonly Mounted[]) {
  const greeting = execProbe([`${CONFIG_DIR}/ready.sh`]);
  return container({
    name: "rabbitmq",
    image: input.images["rabbitmq"] ?? "",
    command: [`${CONFIG_DIR}/start.sh`],
    env: [
      { name: "RABBITMQ_DOMAIN", value: serviceHost(input, MEMBERS) },
      { name: "RABBITMQ_SCHEDULERS", value: SCHEDULERS[input.cloud.spec.profile] },
      { name: "LANG", value: "C.UTF-8" },
    ],
    ports: { amqps: PORT },
    mounts: [{ name: "data", mountPath: "/var/lib/rabbitmq" }, ...mountsOf(mounted)],
    resources: { requests: { cpu: "50m", memory: "160Mi" } },
    startup: startupProbe(greeting, 120),
    readiness: greeting,
    liveness: livenessProbe(greeting),
  });
}
