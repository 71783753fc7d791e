// network: what runs on every node for the guests' network: Open vSwitch, ovn-controller and the metadata agent.
import type { Workload } from "../contract.ts";
import { build } from "./build.ts";
import { cleanup } from "./cleanup.ts";
import { observe } from "./observe.ts";
import { procedure } from "./procedure.ts";

export const workload: Workload = {
  name: "network",
  credentials: () => [],
  certificates: () => [],
  build,
  procedure,
  observe,
  cleanup,
};
