// glance: the images that guests start from.
import type { Workload } from "../contract.ts";
import { build } from "./build.ts";
import { observe } from "./observe.ts";
import { procedure } from "./procedure.ts";

export const workload: Workload = {
  name: "glance",
  credentials: (cloud) => {
    if (cloud.spec.services["glance"]?.enabled !== true) return [];
    return [
      { name: "glance-database", keys: { password: "password" } },
      { name: "glance-user", keys: { password: "password" } },
      { name: "glance-cache", keys: { key: "password" } },
    ];
  },
  certificates: () => [],
  build,
  procedure,
  observe,
};
