// What a workload says of the options that it writes: the export `options` of the `options.ts` beside its workload.

/** Options of one group. A name that ends with `*` stands for every option that begins so; `*` for the whole group. */
interface OptionClaim {
  readonly group: string;
  readonly names: readonly string[];
  /** In words for whoever wants another value; begins with a small letter. */
  readonly why: string;
}

/** Options that Underpin alone decides: a Cloud that sets one is refused. */
export interface OwnedOption extends OptionClaim {
  /** Field of the Cloud that decides it; absent: nothing does. */
  readonly field?: string;
  /** Not written by Underpin: its default is what must stay. */
  readonly unwritten?: true;
}

/** Options to which Underpin gives another value than the release, and the Cloud may give a third. */
export type PresetOption = OptionClaim;

export interface WorkloadOptions {
  /** Service whose options they are, for the workload `compute` nova. */
  readonly service: string;
  readonly owned: readonly OwnedOption[];
  readonly preset: readonly PresetOption[];
}
