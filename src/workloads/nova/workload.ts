// nova: guests. Everything of it but nova-compute, which runs on the nodes.
import type { Workload } from "../contract.ts";
import { build } from "./build.ts";
import { observe } from "./observe.ts";
import { procedure } from "./procedure.ts";

export const workload: Workload = {
  name: "nova",
  credentials: (cloud) =>
    cloud.spec.services["nova"]?.enabled === true
      ? [
          { name: "nova-database", keys: { password: "password" } },
          { name: "nova-messaging", keys: { password: "password" } },
          { name: "nova-user", keys: { password: "password" } },
          { name: "nova-cache", keys: { key: "password" } },
          { name: "nova-metadata", keys: { secret: "password" } },
        ]
      : [],
  certificates: () => [],
  build,
  procedure,
  observe,
};
