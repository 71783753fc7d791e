import type { UpResult } from "../up/index.ts";
import type { WitnessReport } from "../witness/report.ts";
import type { LoadedCloud } from "./cloud-file.ts";
import type { CliContext } from "./context.ts";
import type { LongRun } from "./run.ts";

/** What `up` says in the end. */
export type UpSummary = UpResult;

/** What `down` says in the end. */
export interface DownSummary {
  /** False when there was nothing. */
  readonly removed: boolean;
  /** Folder with the data that is kept. */
  readonly kept?: string;
  /** Clouds whose data went with the cluster. */
  readonly deleted: readonly string[];
}

/** How a change of a cloud that is there is agreed on. */
export interface Agreeing {
  /** Whole hash of the plan that was reviewed. */
  readonly plan?: string | undefined;
  readonly yes: boolean;
  /** The command that shows the plan whole. */
  readonly whole: string;
  /** Writes what is shown. */
  readonly out: (text: string) => void;
}

/** The one library behind the verbs that change things; the verbs themselves hold no logic. */
export interface Engine {
  /** What `up` would install on this machine, a line each; nothing is touched. Empty: nothing to do. */
  preview(cli: CliContext, cloud: LoadedCloud): Promise<readonly string[]>;
  up(cli: CliContext, cloud: LoadedCloud, run: LongRun, agreeing: Agreeing): Promise<UpSummary>;
  /** Ends all processes; data stays. False when nothing ran. */
  stop(cli: CliContext, run: LongRun): Promise<boolean>;
  /** The Clouds whose data goes with the cluster, and where that is known from when the API server did not say it. */
  doomed(cli: CliContext): Promise<{ readonly clouds: readonly string[]; readonly source: string }>;
  /** Removes the cluster; data by the Clouds' deletionPolicy, or all of it. */
  down(cli: CliContext, options: { readonly purge: boolean }, run: LongRun): Promise<DownSummary>;
  /** The command line that runs the OpenStack client of the cloud's own image. */
  openstackCommand(cli: CliContext, args: readonly string[]): Promise<readonly string[]>;
  /** What the witness saw in the last hour. */
  witness(cli: CliContext, namespace: string | undefined): Promise<WitnessReport>;
}
