// Asks the real oslo.config of an image, with the options as its services register them.
import { readFileSync } from "node:fs";
import { SERVICES } from "../../src/images/catalogue/services.ts";
import type { CatalogueOption, JsonValue } from "../../src/oslo/catalogue.ts";
import { destOf } from "../../src/oslo/typed.ts";
import type { ImagePython } from "../harness/image-python.ts";

const SCRIPT = readFileSync(new URL("oslo_side.py", import.meta.url), "utf8");

/** What oslo.config did, and with what exception; "missing": the option was not found in the image. */
export type Answer = readonly ["accept", JsonValue] | readonly ["reject" | "missing", string];

/** A file in which options stand in groups of their own making; `pairs` says which option is which group's. */
export interface TrialFile {
  readonly text: string;
  readonly pairs: readonly (readonly [group: string, option: number])[];
}

/** A file of a whole service, and the options whose values are asked for. */
export interface TrialCloud {
  readonly text: string;
  readonly ask: readonly number[];
}

export interface Answers {
  /** Options of which the image knows nothing, by index. */
  readonly missing: readonly number[];
  readonly files: readonly (readonly Answer[])[];
  readonly clouds: readonly (readonly Answer[])[];
}

export interface Question {
  readonly service: string;
  readonly options: readonly CatalogueOption[];
  readonly files?: readonly TrialFile[];
  readonly clouds?: readonly TrialCloud[];
}

export async function askOslo(python: ImagePython, { service, options, files, clouds }: Question): Promise<Answers> {
  const { namespaces, distributions } = SERVICES[service] ?? { namespaces: [], distributions: [] };
  const task = {
    service: { namespaces, distributions },
    options: options.map((option) => [option.group, destOf(option), option.namespaces]),
    files: files ?? [],
    clouds: clouds ?? [],
  };
  return JSON.parse(await python.run(SCRIPT, JSON.stringify(task))) as Answers;
}
