// ovn: the central part of the virtual network: its two databases and the daemon that translates between them.
import type { Workload } from "../contract.ts";
import { build } from "./build.ts";
import { observe } from "./observe.ts";
import { procedure } from "./procedure.ts";

export const workload: Workload = {
  name: "ovn",
  credentials: () => [],
  certificates: () => [],
  build,
  procedure,
  observe,
};
