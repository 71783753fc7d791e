import { readFile } from "node:fs/promises";

/** What the witness is told; a JSON file. */
export interface WitnessConfig {
  /** URL of keystone at the front door. */
  readonly authUrl: string;
  readonly region: string;
  /** Which URLs of the catalogue are used; default `internal`. */
  readonly interface?: "public" | "internal";
  /** PEM file of the front door's authority. */
  readonly caFile: string;
  /** Name of the project that everything is made in. */
  readonly project: string;
  /** Types of the services that the cloud has; absent: all that are known. */
  readonly apis?: readonly string[];
  /** The user whose operations are counted, and the one with the role service; the second may be absent. */
  readonly users: { readonly member: WitnessUser; readonly service?: WitnessUser };
  /** Seconds between two reads of one API. */
  readonly readEverySeconds: number;
  /** Seconds between two runs of one life-cycle. */
  readonly cycleEverySeconds: number;
  /** Folder that outlives the process. */
  readonly folder: string;
  /** TCP port of /metrics and /report. */
  readonly port: number;
}

export interface WitnessUser {
  readonly name: string;
  readonly passwordFile: string;
}

const REQUIRED = [
  "authUrl",
  "region",
  "caFile",
  "project",
  "users",
  "readEverySeconds",
  "cycleEverySeconds",
  "folder",
  "port",
];

/** @throws Error that names the file and what is wrong with it */
export async function readConfig(file: string): Promise<WitnessConfig> {
  const text = await readFile(file, "utf8");
  let value: Readonly<Record<string, unknown>>;
  try {
    value = JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch (cause) {
    throw new Error(`${file} is not JSON`, { cause });
  }
  const missing = REQUIRED.filter((field) => value[field] === undefined);
  if (missing.length > 0) throw new Error(`${file} lacks ${missing.join(", ")}`);
  return value as unknown as WitnessConfig;
}
