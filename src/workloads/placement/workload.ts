// placement: what the compute nodes have and who holds it.
import type { Workload } from "../contract.ts";
import { build } from "./build.ts";
import { observe } from "./observe.ts";
import { procedure } from "./procedure.ts";

export const workload: Workload = {
  name: "placement",
  credentials: (cloud) => {
    if (cloud.spec.services["placement"]?.enabled !== true) return [];
    return [
      { name: "placement-database", keys: { password: "password" } },
      { name: "placement-user", keys: { password: "password" } },
      { name: "placement-cache", keys: { key: "password" } },
    ];
  },
  certificates: () => [],
  build,
  procedure,
  observe,
};
