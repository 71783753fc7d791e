// What a Plan says of itself in short.
import type { ObjectKey } from "../api/manifest.ts";
import type { PlanStatus } from "../api/plan.ts";
import type { Expectation } from "./expected.ts";
import { worstNotice } from "./notice.ts";
import type { Plan } from "./plan.ts";
import { isNew, oneLine } from "./one-line.ts";

export type Summary = NonNullable<PlanStatus["summary"]>;

/** Bytes of a summary as JSON at most: the Plan has steps and evidence to hold, too. */
const LARGEST = 32 * 1024;
/** What it may hold of each list, and in each text, when all of them are short. */
const MOST = { workloads: 96, dataAtRisk: 32, refused: 32 };
const LONGEST = { name: 200, refused: 300, on: 300, takenBack: 1_000 };

/** What a plan does, short enough for the Plan itself: at most 32 KiB as JSON. Pure: equal input, equal summary. */
export function summaryOf(plan: Plan, expected: Expectation): Summary {
  for (let part = 1; ; part /= 2) {
    const summary = summaryWith(plan, expected, (most) => Math.floor(most * part));
    if (Buffer.byteLength(JSON.stringify(summary)) <= LARGEST) return summary;
  }
}

function summaryWith(plan: Plan, expected: Expectation, most: (of: number) => number): Summary {
  const impact = worstNotice(plan, expected);
  return {
    ...plan.count,
    text: oneLine(plan),
    workloads: plan.workloads
      .slice(0, most(MOST.workloads))
      .map(({ controller, effect }) => ({ controller: cut(controller, LONGEST.name), effect })),
    database: plan.steps.some(({ database }) => database),
    impact: impact.level === "None" ? impact : { ...impact, on: cut(impact.on, LONGEST.on) },
    ...(expected.seconds === undefined ? {} : { expectedSeconds: expected.seconds }),
    dataAtRisk: bounded(plan.dataAtRisk, most(MOST.dataAtRisk), LONGEST.name),
    refused: bounded(
      plan.refused.map(({ key, message }) => `${key}: ${message}`),
      most(MOST.refused),
      LONGEST.refused,
    ),
    takenBack: cut(takenBack(plan), LONGEST.takenBack),
  };
}

/** Whether and until when the change can be taken back, in a sentence. */
function takenBack(plan: Plan): string {
  if (plan.empty) return "There is nothing to take back";
  if (plan.dataAtRisk.length > 0)
    return `No: volumes are deleted, and what they hold with them: ${plan.dataAtRisk.map(nameOf).join(", ")}`;
  const newer = newerSchemas(plan);
  if (newer.length > 0)
    return `Only until the databases are changed: ${newer.join(", ")} by another image, and the one before may not read what that leaves`;
  if (isNew(plan)) return "No: nothing was there before. To take the cloud away: underpin down";
  const made = plan.steps.some(({ database }) => database);
  return made ? "Yes: underpin undo PLAN. Databases that it makes stay" : "Yes: underpin undo PLAN";
}

/** Steps of which a Job gets another image: an equal one has nothing to migrate. */
function newerSchemas({ steps, objects }: Plan): readonly string[] {
  const moved = new Set(
    objects
      .filter(({ key, type }) => type === "changed" && key.startsWith("Job/"))
      .filter(({ fields }) => fields.some(({ path }) => path.endsWith(".image")))
      .map(({ key }) => key),
  );
  return steps.filter(({ does }) => does.some((key) => moved.has(key))).map(({ id }) => id);
}

function nameOf(key: ObjectKey): string {
  return key.split("/").at(-1) ?? key;
}

/** At most so many, and then how many there are besides. */
function bounded(all: readonly string[], most: number, longest: number): readonly string[] {
  const texts = all.slice(0, most).map((text) => cut(text, longest));
  return all.length <= most ? texts : [...texts.slice(0, -1), `… and ${all.length - Math.max(0, most - 1)} more`];
}

function cut(text: string, longest: number): string {
  return text.length <= longest ? text.toWellFormed() : `${text.slice(0, longest - 1).toWellFormed()}…`;
}
