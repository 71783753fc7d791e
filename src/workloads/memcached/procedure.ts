import type { BuildInput, Manifest, Step } from "../contract.ts";
import { applyStep } from "../kit/index.ts";

export function procedure(_input: BuildInput, objects: readonly Manifest[]): readonly Step[] {
  return [
    applyStep({
      id: "memcached/ready",
      needs: [],
      objects,
      // The new one is ready before the old one goes, and empty: tokens are checked and answers made anew.
      impact: { level: "ReadsSlow", on: "every API", seconds: 10 },
      onFailure: "Look at the log: underpin logs memcached. The services work without it, only slower.",
    }),
  ];
}
