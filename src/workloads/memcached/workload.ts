// memcached: the cache of tokens and of keystone's answers.
import type { Workload } from "../contract.ts";
import { build } from "./build.ts";
import { observe } from "./observe.ts";
import { procedure } from "./procedure.ts";

export const workload: Workload = {
  name: "memcached",
  credentials: () => [],
  certificates: () => [],
  build,
  procedure,
  observe,
};
