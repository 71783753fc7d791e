// neutron: networks, with OVN underneath.
import type { Workload } from "../contract.ts";
import { build } from "./build.ts";
import { observe } from "./observe.ts";
import { procedure } from "./procedure.ts";

export const workload: Workload = {
  name: "neutron",
  credentials: (cloud) =>
    cloud.spec.services["neutron"]?.enabled === true
      ? [
          { name: "neutron-database", keys: { password: "password" } },
          { name: "neutron-messaging", keys: { password: "password" } },
          { name: "neutron-user", keys: { password: "password" } },
          { name: "neutron-cache", keys: { key: "password" } },
        ]
      : [],
  certificates: () => [],
  build,
  procedure,
  observe,
};
