// Asks the real oslo.config of an image, with the options as its services register them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SERVICES } from "../../src/images/catalogue/services.ts";
import type { CatalogueOption, JsonValue } from "../../src/oslo/catalogue.ts";
import { destOf } from "../../src/oslo/typed.ts";
import type { ImagePython } from "../harness/image-python.ts";

const SCRIPT = readFileSync(new URL("oslo_side.py", import.meta.url), "utf8");

/** How an image tells the type of an option. */
const KINDS = join(import.meta.dirname, "..", "..", "src", "workloads", "kit", "scripts", "underpin_options.py");

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

/** Pairs that are asked for at once, so that the answers are of a size that can be kept. */
const PAIRS_A_RUN = 120_000;

export async function askOslo(python: ImagePython, question: Question): Promise<Answers> {
  const [first = [], ...rest] = inRuns(question.files ?? []);
  const answers = await askOnce(python, { ...question, files: first });
  const files = [...answers.files];
  for (const run of rest) files.push(...(await askOnce(python, { ...question, files: run, clouds: [] })).files);
  return { ...answers, files };
}

function inRuns(files: readonly TrialFile[]): readonly (readonly TrialFile[])[] {
  let pairs = 0;
  const runs = Map.groupBy(files, (file) => Math.floor((pairs += file.pairs.length) / PAIRS_A_RUN));
  return [...runs.values()];
}

async function askOnce(python: ImagePython, { service, options, files, clouds }: Question): Promise<Answers> {
  const { namespaces, distributions } = SERVICES[service] ?? { namespaces: [], distributions: [] };
  const task = {
    service: { namespaces, distributions },
    options: options.map((option) => ({
      group: option.group,
      name: destOf(option),
      namespaces: option.namespaces,
      type: option.type,
      multi: option.multi === true,
      default: option.default ?? null,
      fromMachine: option.fromMachine === true,
    })),
    files: files ?? [],
    clouds: clouds ?? [],
  };
  return JSON.parse(await python.run(SCRIPT, JSON.stringify(task), [KINDS])) as Answers;
}
