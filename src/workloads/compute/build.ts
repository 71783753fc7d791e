import type { BuildInput, Manifest } from "../contract.ts";
import { distinct } from "../kit/index.ts";
import { libvirt } from "./libvirt.ts";
import { novaCompute } from "./nova-compute.ts";

/** libvirt and nova-compute on the nodes of each pool. */
export function build(input: BuildInput): readonly Manifest[] {
  if (input.cloud.spec.services["nova"]?.enabled !== true) return [];
  return distinct(
    input.cloud.spec.compute.pools.flatMap((pool) => [...libvirt(input, pool), ...novaCompute(input, pool)]),
  );
}
