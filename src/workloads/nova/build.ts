import { resolveService } from "../../api/cloud.ts";
import { mergeIni, type IniData } from "../../oslo/ini.ts";
import type { BuildInput, Manifest } from "../contract.ts";
import { configLayers, distinct, publicUrl, policyLayer, service, type Layers, type Owner } from "../kit/index.ts";
import { API_BASE } from "../kit/wsgi.ts";
import { api } from "./api.ts";
import { controlBase, controlSecret, novaBase, novaSecret } from "./config.ts";
import { console, worker } from "./daemons.ts";
import { databaseJob } from "./database.ts";

/** Seconds between two looks of the scheduler for hosts that no cell knows: part of the time until a new node takes guests. */
const DISCOVER_SECONDS = 3;

/**
 * Between requests nothing runs in the server's cooperative thread, no heartbeat either: the bus then closes the connection,
 * and the next request that needs it takes a second longer. A thread of the system keeps it.
 */
const WSGI_BUS: IniData = { oslo_messaging_rabbit: { heartbeat_in_pthread: true } };

/** All objects of nova but nova-compute. */
export function build(input: BuildInput): readonly Manifest[] {
  if (input.cloud.spec.services["nova"]?.enabled !== true) return [];
  const owner = (name: string): Owner => ({ input, workload: "nova", name });
  return distinct([
    ...databaseJob(owner("nova-db")),
    ...api(owner("nova-api"), layers(input, "api"), 8774),
    ...api(owner("nova-metadata"), layers(input, "metadata"), 8775),
    ...worker(owner("nova-conductor"), layers(input, "conductor")),
    ...worker(owner("nova-scheduler"), layers(input, "scheduler")),
    ...console(owner("nova-novncproxy"), layers(input, "novncproxy")),
    ...headless(owner("nova-api"), 8774),
    ...headless(owner("nova-metadata"), 8775),
    ...headless(owner("nova-novncproxy"), 6080),
  ]);
}

type Component = "api" | "metadata" | "conductor" | "scheduler" | "novncproxy";

/** What a component has beyond the others. */
function componentBase(input: BuildInput, component: Component): IniData {
  const base: Readonly<Record<Component, IniData>> = {
    api: {
      // One row in the table of services for all replicas: else each pod that ever was leaves one for ever.
      DEFAULT: { host: "nova-api" },
      api: { glance_link_prefix: publicUrl(input, "") },
      ...WSGI_BUS,
    },
    metadata: { DEFAULT: { host: "nova-metadata" }, ...WSGI_BUS },
    conductor: { conductor: { workers: 1 } },
    scheduler: {
      // Periodic work begins at once: by default it waits up to a minute, and the first node that long for its cell.
      DEFAULT: { periodic_fuzzy_delay: 0 },
      scheduler: { workers: 1, discover_hosts_in_cells_interval: DISCOVER_SECONDS },
    },
    novncproxy: { vnc: { novncproxy_host: "0.0.0.0", novncproxy_port: 6080 } },
  };
  return base[component];
}

function layers(input: BuildInput, component: Component): Layers {
  const nova = resolveService(input.cloud, "nova");
  const policy = policyLayer("nova", nova);
  return configLayers({
    owner: { input, workload: "nova", name: "nova" },
    base: [mergeIni(API_BASE, novaBase(input), controlBase(input)), componentBase(input, component), policy.options],
    user: { service: "nova", resolved: nova, component },
    controller: `nova-${component}`,
    // The user's values, which novaSecret has, win.
    secret: [controlSecret(input), novaSecret(input)],
    files: policy.files,
  });
}

/** One DNS record for each ready pod. */
function headless(owner: Owner, port: number): readonly Manifest[] {
  return [service(owner, { ports: { http: port }, headless: true })];
}
