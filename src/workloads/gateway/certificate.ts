import type { CertificateRequest, Cloud, Facts } from "../contract.ts";

/** One certificate for both sides: users come by the public endpoint, the services by the Service's name. */
export function gatewayCertificate(
  cloud: Cloud,
  facts: Pick<Facts, "publicEndpoint" | "clusterDomain">,
): CertificateRequest {
  const inside = `gateway.${cloud.metadata.namespace}.svc`;
  const host = hostOf(facts.publicEndpoint);
  const address = /^[0-9.]+$|:/.test(host);
  const { hostname } = cloud.spec.endpoints;
  const names = [
    hostname,
    address ? undefined : host,
    `${inside}.${facts.clusterDomain}`,
    inside,
    "gateway",
    "localhost",
  ];
  return {
    name: "gateway-tls",
    commonName: hostname ?? `${inside}.${facts.clusterDomain}`,
    dnsNames: [...new Set(names.filter((name) => name !== undefined && name !== ""))] as string[],
    ipAddresses: [...new Set([...(address ? [host] : []), "127.0.0.1"])],
  };
}

/** `10.90.0.11:30443` → `10.90.0.11`, `[fd00::1]:443` → `fd00::1`. */
function hostOf(endpoint: string): string {
  const bracketed = /^\[([^\]]+)\]/.exec(endpoint);
  return bracketed?.[1] ?? endpoint.replace(/:\d+$/, "");
}
