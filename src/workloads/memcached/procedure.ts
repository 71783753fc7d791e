import type { BuildInput, Manifest, Step } from "../contract.ts";
import { applyStep } from "../kit/index.ts";

export function procedure(_input: BuildInput, objects: readonly Manifest[]): readonly Step[] {
  return [
    applyStep({
      id: "memcached/ready",
      needs: [],
      objects,
      impact: { level: "ReadsSlow", on: "every API" },
      onFailure: "Look at the log: underpin logs memcached. The services work without it, only slower.",
    }),
  ];
}
