import type { Cloud } from "../contract.ts";

/** A provider network on the nodes: the physical network has the provider's name. */
export interface ProviderBridge {
  readonly physicalNetwork: string;
  readonly bridge: string;
  readonly interface: string;
}

/** One bridge for each interface: networks that differ by VLAN alone share it. The first is `br-ex`, by custom. */
export function providerBridges(cloud: Cloud): readonly ProviderBridge[] {
  const interfaces = [...new Set(cloud.spec.network.provider.map((provider) => provider.interface))];
  return cloud.spec.network.provider.map((provider) => {
    const index = interfaces.indexOf(provider.interface);
    const bridge = index === 0 ? "br-ex" : `br-ex${index}`;
    return { physicalNetwork: provider.name, bridge, interface: provider.interface };
  });
}

/** The form that the node's script reads: a line `PHYSICAL-NETWORK BRIDGE INTERFACE` each. */
export function bridgesFile(cloud: Cloud): string {
  return providerBridges(cloud)
    .map((one) => `${one.physicalNetwork} ${one.bridge} ${one.interface}\n`)
    .join("");
}
