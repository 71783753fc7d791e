// rabbitmq: the message bus between the parts of nova and of neutron.
import type { Workload } from "../contract.ts";
import { build } from "./build.ts";
import { observe } from "./observe.ts";
import { procedure } from "./procedure.ts";

export const workload: Workload = {
  name: "rabbitmq",
  credentials: (cloud) =>
    cloud.spec.messaging.type === "Managed" ? [{ name: "rabbitmq-cookie", keys: { cookie: "password" } }] : [],
  certificates: (cloud, facts) => {
    if (cloud.spec.messaging.type !== "Managed") return [];
    const full = `rabbitmq.${cloud.metadata.namespace}.svc.${facts.clusterDomain}`;
    const members = `*.rabbitmq-members.${cloud.metadata.namespace}.svc.${facts.clusterDomain}`;
    const dnsNames = [full, members, `rabbitmq.${cloud.metadata.namespace}.svc`, "rabbitmq", "localhost"];
    return [{ name: "rabbitmq-tls", commonName: full, dnsNames, ipAddresses: ["127.0.0.1"] }];
  },
  build,
  procedure,
  observe,
};
