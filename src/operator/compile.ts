// Run once when the image is made, with NODE_COMPILE_CACHE: what Node compiles of these modules stays there, without their
// types. A process then starts in a third of the time and never loads the compiler that takes types away, 17 MB of memory.
import { loadClaims } from "../options/owned.ts";
import { loadWorkloads } from "../workloads/registry.ts";

await Promise.all([import("./run.ts"), import("../witness/witness.ts"), loadWorkloads(), loadClaims()]);
