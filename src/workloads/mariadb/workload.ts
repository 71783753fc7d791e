// mariadb: the SQL database of the Cloud's services.
import type { Workload } from "../contract.ts";
import { build } from "./build.ts";
import { observe } from "./observe.ts";
import { procedure } from "./procedure.ts";

export const workload: Workload = {
  name: "mariadb",
  credentials: (cloud) =>
    cloud.spec.database.type === "Managed" ? [{ name: "mariadb-root", keys: { password: "password" } }] : [],
  certificates: (cloud, facts) => {
    if (cloud.spec.database.type !== "Managed") return [];
    const full = `mariadb.${cloud.metadata.namespace}.svc.${facts.clusterDomain}`;
    const dnsNames = [full, `mariadb.${cloud.metadata.namespace}.svc`, "mariadb", "localhost"];
    return [{ name: "mariadb-tls", commonName: full, dnsNames, ipAddresses: ["127.0.0.1"] }];
  },
  build,
  procedure,
  observe,
};
