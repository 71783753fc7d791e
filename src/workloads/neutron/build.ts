import { resolveService, type ResolvedService } from "../../api/cloud.ts";
import { writeIni } from "../../oslo/ini.ts";
import type { BuildInput, Manifest } from "../contract.ts";
import {
  caDir,
  configDir,
  configLayers,
  contentSecret,
  DATABASE_PORT,
  distinct,
  policyLayer,
  secretDir,
  service,
  UID,
  type Layers,
  type Owner,
} from "../kit/index.ts";
import { pythonJob, scriptText } from "../kit/wsgi.ts";
import { northbound, southbound } from "../ovn/addresses.ts";
import { databaseSecret, neutronBase, neutronSecret, type OvnConnections } from "./config.ts";
import { api, API_PORT, worker } from "./pods.ts";

/** Of OVN's northbound database. */
const NORTHBOUND_PORT = 6641;

/**
 * All objects of neutron. What connects to OVN is built once its databases have addresses: with names it would have to
 * start again, and OVN's Python library has no resolver.
 */
export function build(input: BuildInput): readonly Manifest[] {
  const neutron = resolveService(input.cloud, "neutron");
  if (!neutron.enabled) return [];
  const owner: Owner = { input, workload: "neutron", name: "neutron" };
  const [nb, sb] = [northbound(input), southbound(input)];
  const ovn = nb === undefined || sb === undefined ? undefined : { northbound: nb, southbound: sb };
  return [
    ...database(input),
    service(owner, { ports: { http: API_PORT }, headless: true }),
    ...(ovn === undefined ? [] : processes(owner, neutron, ovn)),
  ];
}

function processes(owner: Owner, neutron: ResolvedService, ovn: OvnConnections): readonly Manifest[] {
  const layers = (component: string): Layers => {
    const policy = policyLayer("neutron", neutron);
    return configLayers({
      owner,
      base: [neutronBase(owner.input, ovn), policy.options],
      user: { service: "neutron", resolved: neutron, component },
      controller: component === "api" ? owner.name : `neutron-${component}`,
      secret: [neutronSecret(owner.input)],
      files: policy.files,
    });
  };
  return distinct([
    ...api(owner, layers("api")),
    ...worker({ ...owner, name: "neutron-periodic" }, layers("periodic"), {
      component: "periodic",
      command: "neutron-periodic-workers",
      port: DATABASE_PORT,
    }),
    ...worker({ ...owner, name: "neutron-maintenance" }, layers("maintenance"), {
      component: "maintenance",
      command: "neutron-ovn-maintenance-worker",
      port: NORTHBOUND_PORT,
    }),
  ]);
}

/** The Job that makes or updates the schema. It reads nothing but the database, so that no other option runs it again. */
function database(input: BuildInput): readonly Manifest[] {
  const owner: Owner = { input, workload: "neutron", name: "neutron-db" };
  const secret = contentSecret(owner, "neutron-db", { "20-secret.conf": writeIni(databaseSecret(input)) });
  const job = pythonJob(owner, {
    uid: UID.neutron,
    files: { "db.py": scriptText(import.meta.url, "db.py") },
    mounted: [secretDir("config", secret.metadata.name, configDir("neutron")), caDir()],
  });
  return [secret, ...job];
}
