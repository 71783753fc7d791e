import type { BuildInput, Manifest } from "../contract.ts";
import { UID } from "../kit/index.ts";
import { tokenApi } from "../kit/token-api.ts";

/** All objects of placement; none when it is disabled. */
export function build(input: BuildInput): readonly Manifest[] {
  return tokenApi(input, "placement", {
    from: import.meta.url,
    uid: UID.placement,
    port: 8778,
    health: "/",
    databaseGroup: "placement_database",
    base: [{ api: { auth_strategy: "keystone" } }],
    resources: { requests: { cpu: "20m", memory: "112Mi" } },
  });
}
