import { isDeepStrictEqual } from "node:util";
import type { BuildInput, Workload } from "../workloads/contract.ts";
import { buildDesired, type Desired } from "./objects.ts";

/** Keeps what was built last: while a Cloud comes up, most passes have the input of the one before. */
export class DesiredMemo {
  #last: { readonly input: unknown; readonly options: unknown; readonly desired: Desired } | undefined;

  /** As `buildDesired`; the same object for an equal input. */
  build(workloads: readonly Workload[], input: BuildInput): Desired {
    const { options } = input.release;
    const told = toldToBuilders(input);
    const last = this.#last;
    if (last !== undefined && last.options === options && isDeepStrictEqual(last.input, told)) return last.desired;
    const desired = buildDesired(workloads, input);
    this.#last = { input: told, options, desired };
    return desired;
  }
}

/** The input without what builders do not read and each write changes; a release's options are compared as one. */
function toldToBuilders({ cloud, release, ...rest }: BuildInput): unknown {
  const { resourceVersion: _version, generation: _generation, ...metadata } = cloud.metadata;
  return { spec: cloud.spec, metadata, release: release.name, ...rest };
}
