// client: openstackclient of the release, for `underpin openstack`.
import type { Workload } from "../contract.ts";
import { build } from "./build.ts";
import { observe } from "./observe.ts";
import { procedure } from "./procedure.ts";

export const workload: Workload = {
  name: "client",
  credentials: () => [],
  certificates: () => [],
  build,
  procedure,
  observe,
};
