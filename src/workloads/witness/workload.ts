// witness: the steady client of the cloud, which counts what failed; its program is src/witness.
import type { Workload } from "../contract.ts";
import { build } from "./build.ts";
import { observe } from "./observe.ts";
import { procedure } from "./procedure.ts";
import { SERVICE_USER } from "./users.ts";
import { WITNESS_USER } from "../kit/catalog.ts";

export const workload: Workload = {
  name: "witness",
  credentials: () =>
    [WITNESS_USER, SERVICE_USER].map(({ credential }) => ({ name: credential, keys: { password: "password" } })),
  certificates: () => [],
  build,
  procedure,
  observe,
};
