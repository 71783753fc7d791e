// What earlier executions let expect of the next: seconds of each step, of the whole, and of what is left.
import type { StepId } from "../api/step.ts";
import { endOf, schedule } from "./schedule.ts";
import { kindOfWork, loadOf, type Planned, worksOf } from "./works.ts";

/**
 * What a step took once. Its seconds go from the moment when all that it needs within the plan was done (the plan's begin,
 * when it needs nothing) to the moment when it was done. A step that was paused, failed or given up leaves no record.
 */
export interface StepRecord {
  readonly id: StepId;
  readonly seconds: number;
  /** Which kind of work it was, from `worksOf`. */
  readonly work: string;
  /** ISO 8601. */
  readonly endedAt: string;
}

/** An execution that came to its end. */
export interface Execution {
  /** The steps that were done. */
  readonly steps: readonly { readonly id: StepId; readonly seconds: number; readonly endedAt: string }[];
  /** From begin to end. */
  readonly seconds: number;
  readonly endedAt: string;
}

/** What earlier executions let expect; what is not known is absent. */
export interface Expectation {
  /** Seconds of each step. */
  readonly steps: Readonly<Record<StepId, number>>;
  /** Seconds of the whole, by its slowest path; absent when a step is not known. */
  readonly seconds?: number;
  /** Seconds of the whole beyond those of its slowest path, as they were before. */
  readonly beyondSteps: number;
}

/** `id` of the record of a whole execution: its seconds are those beyond its slowest path. */
const WHOLE = "(whole)";
/** Records of one step and kind of work that count: a machine that became slower is believed after two. */
const LATEST = 5;
/** Records that are kept at most: some 100 KiB. */
const KEPT = 1_000;
/** What a record weighs against the next newer one, but for the latest two: of those the shorter is believed, since delays only add. */
const AGEING = 0.75;
/** Records this near to the middle of them all tell of the same; what is further away was an exception. */
const NEAR = { part: 0.25, seconds: 2 };

/** The records that an execution leaves: one of each step that was done and, when all were, one of the whole. Pure. */
export function recordsOf(plan: Planned, ended: Execution): readonly StepRecord[] {
  const works = worksOf(plan);
  const steps = ended.steps.flatMap(({ id, seconds, endedAt }): StepRecord[] => {
    const work = works.get(id);
    return work === undefined || !isLength(seconds) ? [] : [{ id, seconds: rounded(seconds), work, endedAt }];
  });
  const took = new Map(steps.map(({ id, seconds }) => [id, seconds]));
  const path = endOf(
    plan.steps,
    schedule(plan.steps, (id) => took.get(id)),
  );
  if (path === undefined || !isLength(ended.seconds)) return steps;
  const beyond = rounded(Math.max(0, ended.seconds - path));
  return [...steps, { id: WHOLE, seconds: beyond, work: wholeWork(plan), endedAt: ended.endedAt }];
}

/** The records worth keeping, newest first: the latest few of each step and kind of work. Pure. */
export function keptRecords(records: readonly StepRecord[]): readonly StepRecord[] {
  const groups = Map.groupBy(newestFirst(records), ({ id, work }) => `${id}\n${work}`);
  const kept = [...groups.values()].flatMap((group) => group.slice(0, LATEST));
  return newestFirst(kept).slice(0, KEPT);
}

/**
 * What a plan is expected to take. A step is judged by what the same kind of work took in it before, amid as much else
 * if there was such a time; one that never did such work by what it took in other steps. Pure.
 */
export function expectationOf(plan: Planned, records: readonly StepRecord[]): Expectation {
  const works = worksOf(plan);
  const known = newestFirst(records);
  const steps: Record<StepId, number> = {};
  for (const { id } of plan.steps) {
    const seconds = expectedOf(known, id, works.get(id) ?? "");
    if (seconds !== undefined) steps[id] = seconds;
  }
  const beyondSteps = expectedOf(known, WHOLE, wholeWork(plan)) ?? 0;
  const path = endOf(
    plan.steps,
    schedule(plan.steps, (id) => steps[id]),
  );
  return { steps, beyondSteps, ...(path === undefined ? {} : { seconds: rounded(path + beyondSteps) }) };
}

/** Where a running plan stands. */
export interface Standing {
  /** ISO 8601. */
  readonly now: string;
  readonly steps: Readonly<
    Record<
      StepId,
      { readonly state: "Waiting" | "Running" | "Done" | "Failed" | "Skipped"; readonly startedAt?: string }
    >
  >;
}

/** A step that takes longer than expected has this to go at least. */
const OVERDUE_SECONDS = 1;

/** Seconds until a running plan ends; undefined when a step that is left is not known, or one has failed. Pure. */
export function remainingSeconds(plan: Planned, expected: Expectation, standing: Standing): number | undefined {
  const now = Date.parse(standing.now);
  const states = Object.values(standing.steps).map(({ state }) => state);
  if (states.includes("Failed")) return undefined;
  const left = schedule(plan.steps, (id) => {
    const step = standing.steps[id];
    if (step?.state === "Done" || step?.state === "Skipped") return 0;
    const seconds = expected.steps[id];
    if (seconds === undefined || step?.state !== "Running" || step.startedAt === undefined) return seconds;
    const gone = (now - Date.parse(step.startedAt)) / 1000;
    return Math.max(seconds - gone, Math.min(OVERDUE_SECONDS, seconds));
  });
  const end = endOf(plan.steps, left);
  return end === undefined ? undefined : rounded(end + (end === 0 ? 0 : expected.beyondSteps));
}

function wholeWork(plan: Planned): string {
  return `whole/${loadOf(plan)}`;
}

/** @param records newest first */
function expectedOf(records: readonly StepRecord[], id: StepId, work: string): number | undefined {
  const kind = kindOfWork(work);
  const alike = records.filter((one) => kindOfWork(one.work) === kind);
  const own = alike.filter((one) => one.id === id);
  const amidAsMuch = (found: readonly StepRecord[]) => found.filter((one) => one.work === work);
  const groups = [amidAsMuch(own), own, amidAsMuch(alike), alike];
  const found = groups.find((group) => group.length > 0);
  return found === undefined ? undefined : rounded(usual(found.map(({ seconds }) => seconds)));
}

/** What lengths, newest first, let expect: the mean of those near to their middle, newer ones weighing more. */
function usual(lengths: readonly number[]): number {
  const weighed = lengths.slice(0, LATEST).map((seconds, age) => ({ seconds, weight: AGEING ** Math.max(0, age - 1) }));
  const middle = weightedMedian(weighed);
  const reach = Math.max(NEAR.seconds, NEAR.part * middle);
  const near = weighed.filter(({ seconds }) => Math.abs(seconds - middle) <= reach);
  const weight = near.reduce((sum, one) => sum + one.weight, 0);
  return near.reduce((sum, one) => sum + one.seconds * one.weight, 0) / weight;
}

/** The lower one, where there are two. */
function weightedMedian(weighed: readonly { readonly seconds: number; readonly weight: number }[]): number {
  const half = weighed.reduce((sum, one) => sum + one.weight, 0) / 2;
  let sum = 0;
  for (const { seconds, weight } of weighed.toSorted((a, b) => a.seconds - b.seconds)) {
    sum += weight;
    if (sum >= half) return seconds;
  }
  return 0;
}

/**
 * Those that can be believed. Records of the same moment have an order of their own, so that the same set of records always
 * tells the same.
 */
function newestFirst(records: readonly StepRecord[]): readonly StepRecord[] {
  const order = (a: StepRecord, b: StepRecord): number =>
    Date.parse(b.endedAt) - Date.parse(a.endedAt) || (key(a) < key(b) ? -1 : Number(key(a) > key(b)));
  return records
    .filter(({ endedAt, seconds }) => !Number.isNaN(Date.parse(endedAt)) && isLength(seconds))
    .toSorted(order);
}

function key({ id, work, seconds }: StepRecord): string {
  return `${id}\n${work}\n${seconds}`;
}

function isLength(seconds: number): boolean {
  return Number.isFinite(seconds) && seconds >= 0;
}

function rounded(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}
