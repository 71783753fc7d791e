import { profileDefaults, resolveService } from "../../api/cloud.ts";
import type { Manifest } from "../contract.ts";
import { granianApi, PYTHON_ENV, UID, WSGI_DIR, type Layers, type Owner } from "../kit/index.ts";
import { scriptText } from "../kit/wsgi.ts";
import { componentOf, mounts } from "./pods.ts";

const MODULES = ["nova_api.py", "nova_metadata.py"] as const;
const USUAL = { api: { cpu: "50m", memory: "160Mi" }, metadata: { cpu: "20m", memory: "128Mi" } } as const;

const ENV = [
  ...PYTHON_ENV,
  { name: "PYTHONPATH", value: WSGI_DIR },
  // The first file is the description of the pipeline; the layers come by the module's own --config-dir.
  { name: "OS_NOVA_CONFIG_DIR", value: "/opt/openstack/etc/nova" },
  { name: "OS_NOVA_CONFIG_FILES", value: "api-paste.ini" },
];

/** The compute API or the metadata service: a WSGI server on `port`. */
export function api(owner: Owner, layers: Layers, port: number): readonly Manifest[] {
  const { cloud } = owner.input;
  const component = componentOf(owner);
  return granianApi(owner, {
    resolved: resolveService(cloud, "nova"),
    component,
    uid: UID.nova,
    port,
    module: owner.name.replace("-", "_"),
    modules: Object.fromEntries(MODULES.map((name) => [name, scriptText(import.meta.url, name)])),
    layers,
    mounted: mounts(owner, layers),
    env: ENV,
    // eventlet's hub belongs to one thread: nova in this release is not made for more. Further ones are processes.
    workers: profileDefaults(cloud.spec.profile).workers,
    usual: { requests: component === "api" ? USUAL.api : USUAL.metadata },
  });
}
