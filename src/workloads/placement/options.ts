import { apiClaims, databaseClaims, databasePresets, TOKEN_CLAIMS, TOKEN_PRESETS } from "../kit/claims.ts";
import type { WorkloadOptions } from "../options-contract.ts";

export const options: WorkloadOptions = {
  service: "placement",
  owned: [
    ...apiClaims("placement"),
    ...TOKEN_CLAIMS,
    ...databaseClaims("placement_database"),
    { group: "api", names: ["auth_strategy"], why: "every request carries a token of keystone's" },
  ],
  preset: [...TOKEN_PRESETS, ...databasePresets("placement_database")],
};
