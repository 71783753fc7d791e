// gateway: the one front door of the Cloud's APIs.
import type { Workload } from "../contract.ts";
import { build } from "./build.ts";
import { gatewayCertificate } from "./certificate.ts";
import { observe } from "./observe.ts";
import { procedure } from "./procedure.ts";

export const workload: Workload = {
  name: "gateway",
  credentials: () => [],
  certificates: (cloud, facts) => (cloud.spec.endpoints.tls === undefined ? [gatewayCertificate(cloud, facts)] : []),
  build,
  procedure,
  observe,
};
