// compute: what runs guests on the nodes: libvirt and nova-compute.
import type { Workload } from "../contract.ts";
import { build } from "./build.ts";
import { observe } from "./observe.ts";
import { procedure } from "./procedure.ts";

export const workload: Workload = {
  name: "compute",
  credentials: () => [],
  certificates: () => [],
  build,
  procedure,
  observe,
};
