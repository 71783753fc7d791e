import { apiClaims, databaseClaims, databasePresets, pathClaims, TOKEN_CLAIMS, TOKEN_PRESETS } from "../kit/claims.ts";
import type { WorkloadOptions } from "../options-contract.ts";

const STORE = { why: "images are kept in the volume of the Cloud", field: "spec.services.glance.storage" };

export const options: WorkloadOptions = {
  service: "glance",
  owned: [
    ...apiClaims("glance"),
    ...TOKEN_CLAIMS,
    ...databaseClaims(),
    ...pathClaims(false),
    { group: "DEFAULT", names: ["enabled_backends"], ...STORE },
    { group: "glance_store", names: ["default_backend"], ...STORE },
    { group: "local", names: ["filesystem_store_datadir"], ...STORE },
    { group: "os_glance_staging_store", names: ["filesystem_store_datadir"], ...STORE },
    { group: "os_glance_tasks_store", names: ["filesystem_store_datadir"], ...STORE },
    {
      group: "paste_deploy",
      names: ["flavor", "config_file"],
      why: "every request carries a token of keystone's",
    },
  ],
  preset: [...TOKEN_PRESETS, ...databasePresets()],
};
