// keystone: users, tokens and the catalogue of the Cloud's services.
import type { Workload } from "../contract.ts";
import { WITNESS_USER } from "../kit/catalog.ts";
import { build } from "./build.ts";
import { observe } from "./observe.ts";
import { procedure } from "./procedure.ts";

export const workload: Workload = {
  name: "keystone",
  credentials: (cloud) => {
    if (cloud.spec.services["keystone"]?.enabled !== true) return [];
    return [
      { name: "keystone-database", keys: { password: "password" } },
      { name: "keystone-admin", keys: { password: "password" } },
      { name: "keystone-fernet", keys: { "0": "fernet-key", "1": "fernet-key" } },
      { name: "keystone-credential-keys", keys: { "0": "fernet-key", "1": "fernet-key" } },
      { name: WITNESS_USER.credential, keys: { password: "password" } },
    ];
  },
  certificates: () => [],
  build,
  procedure,
  observe,
};
