import {
  caDir,
  container,
  contentSecret,
  deployment,
  internalUrl,
  CA_FILE,
  mountsOf,
  type Owner,
  PYTHON_ENV,
  secretDir,
  UID,
  volumesOf,
  credential,
} from "../kit/index.ts";
import type { BuildInput, Manifest } from "../contract.ts";

const FOLDER = "/etc/openstack";

/** A pod that waits for `underpin openstack`, with the administrator's entry where the client looks for it. */
export function build(input: BuildInput): readonly Manifest[] {
  const owner: Owner = { input, workload: "client", name: "client" };
  const clouds = contentSecret(owner, "client-clouds", { "clouds.yaml": cloudsYaml(input) });
  const mounted = [secretDir("clouds", clouds.metadata.name, FOLDER), caDir()];
  const client = container({
    name: "client",
    image: input.images["openstack"] ?? "",
    // Ends at once when it is told to: it holds nothing.
    command: ["sh", "-c", "trap 'exit 0' TERM INT; while :; do sleep 3600 & wait $!; done"],
    env: [...PYTHON_ENV, { name: "OS_CLOUD", value: "underpin" }],
    resources: { requests: { cpu: "1m", memory: "8Mi" } },
    mounts: mountsOf(mounted),
  });
  return [
    clouds,
    deployment(owner, {
      replicas: 1,
      uid: UID.underpin,
      placement: input.cloud.spec.placement,
      containers: [client],
      volumes: volumesOf(mounted),
      graceSeconds: 1,
    }),
  ];
}

/** JSON is YAML. The path is the one of openstacksdk for the whole machine. */
function cloudsYaml(input: BuildInput): string {
  const auth = {
    auth_url: internalUrl(input, "/identity/v3"),
    username: "admin",
    password: credential(input, "keystone-admin", "password"),
    project_name: "admin",
    user_domain_name: "Default",
    project_domain_name: "Default",
  };
  const entry = {
    auth,
    region_name: input.cloud.spec.region,
    interface: "internal",
    identity_api_version: 3,
    cacert: CA_FILE,
  };
  return JSON.stringify({ clouds: { underpin: entry } });
}
