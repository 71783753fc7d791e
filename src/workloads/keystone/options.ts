import { apiClaims, databaseClaims, databasePresets } from "../kit/claims.ts";
import type { WorkloadOptions } from "../options-contract.ts";

export const options: WorkloadOptions = {
  service: "keystone",
  owned: [
    ...apiClaims("keystone"),
    ...databaseClaims(),
    { group: "token", names: ["provider"], why: "Underpin makes and rotates the keys of fernet tokens" },
    {
      group: "fernet_tokens",
      names: ["key_repository"],
      why: "it is where the keys are that Underpin made",
    },
    { group: "fernet_receipts", names: ["key_repository"], why: "it is where the keys are that Underpin made" },
    { group: "credential", names: ["key_repository"], why: "it is where the keys are that Underpin made" },
    { group: "cache", names: ["memcache_servers"], why: "it is the Cloud's memcached" },
  ],
  preset: [
    ...databasePresets(),
    { group: "cache", names: ["enabled", "backend"], why: "tokens and catalogue are kept in the Cloud's memcached" },
    {
      group: "cache",
      names: ["memcache_dead_retry"],
      why: "a cache that is away is asked again soon; meanwhile the database answers",
    },
    {
      group: "identity",
      names: ["max_password_length"],
      why: "bcrypt holds 72 bytes; keystone would cut longer passwords",
    },
  ],
};
