// What is judged of `spec.change` beyond types and bounds.
import { nearest } from "./nearest.ts";
import { type Rule, unless, type Violation } from "./rule.ts";
import { durationMs, everComes, isTimeZone, SCHEDULE_FORM, scheduleFault } from "./window.ts";

interface Window {
  readonly schedule: string;
  readonly duration: string;
  readonly timeZone?: string;
}

interface Change {
  readonly approval?: string;
  readonly automaticUpTo?: string;
  readonly windows?: readonly unknown[];
  readonly freeze?: { readonly until?: string };
}

const WINDOWS = "spec.change.windows.*";
const FIELDS = "A schedule has five fields: minute, hour, day of the month, month, day of the week";
const FIVE = 'Example: schedule: "0 22 * * 1-5"';

const windows: readonly Rule[] = [
  {
    code: "bad-schedule",
    at: WINDOWS,
    field: "schedule",
    cel: `self.schedule.matches('${SCHEDULE_FORM}')`,
    message: `${FIELDS}. ${FIVE}`,
    judge: ({ schedule }: Window) => unless(hasFiveFields(schedule)),
  },
  {
    code: "bad-schedule",
    at: WINDOWS,
    field: "schedule",
    message: `${FIELDS}. ${FIVE}`,
    judge: ({ schedule }: Window) => (hasFiveFields(schedule) ? saying(scheduleFault(schedule)) : undefined),
  },
  {
    code: "never-opens",
    at: WINDOWS,
    field: "schedule",
    message: `The window never opens, since this day never comes. ${FIVE}`,
    judge: ({ schedule }: Window) =>
      unless(!hasFiveFields(schedule) || scheduleFault(schedule) !== undefined || everComes(schedule)),
  },
  {
    code: "never-opens",
    at: WINDOWS,
    field: "duration",
    cel: "self.duration.matches('[1-9]')",
    message: "The window never opens, since it has no length. Example: duration: 4h",
    judge: ({ duration }: Window) => unless(durationMs(duration) > 0),
  },
  {
    code: "unknown-time-zone",
    at: WINDOWS,
    field: "timeZone",
    message: "There is no time zone of this name in the IANA database. Example: timeZone: Europe/Berlin",
    judge: ({ timeZone = "Etc/UTC" }: Window) => (isTimeZone(timeZone) ? undefined : otherZone(timeZone)),
  },
];

const others: readonly Rule[] = [
  {
    code: "unused-field",
    at: "spec.change",
    field: "automaticUpTo",
    cel: "!has(self.automaticUpTo) || (has(self.approval) && self.approval == 'ByImpact')",
    message:
      "`automaticUpTo` belongs to approval ByImpact and means nothing without it. Example: {approval: ByImpact, automaticUpTo: ReadsSlow}",
    judge: ({ approval, automaticUpTo }: Change) => unless(automaticUpTo === undefined || approval === "ByImpact"),
  },
  {
    code: "bad-time",
    at: "spec.change.freeze",
    field: "until",
    message: "There is no such day or time. Example: until: 2027-01-04T06:00:00Z",
    judge: ({ until }: { until?: string }) => unless(until === undefined || isTime(until)),
  },
  {
    code: "frozen-without-end",
    at: "spec.change",
    field: "freeze",
    severity: "warning",
    message:
      "The freeze has no end: until it is taken away no plan begins, in no window. Example: {until: 2027-01-04T06:00:00Z, reason: end of the year}",
    judge: ({ freeze, windows: some = [] }: Change) =>
      unless(freeze === undefined || freeze.until !== undefined || some.length === 0),
  },
];

/** Every rule about how changes are made. */
export const CHANGE_RULES: readonly Rule[] = [...windows, ...others];

function hasFiveFields(schedule: string): boolean {
  return new RegExp(SCHEDULE_FORM).test(schedule);
}

function saying(fault: string | undefined): Violation | undefined {
  return fault === undefined ? undefined : { message: `${fault}.` };
}

function otherZone(zone: string): Violation {
  const meant = nearest(zone, Intl.supportedValuesOf("timeZone"));
  return meant === undefined ? {} : { message: `Did you mean ${meant}?` };
}

/** A day that the calendar has: the engine moves 30 February into March without a word. */
function isTime(text: string): boolean {
  const day = new Date(`${text.slice(0, 10)}T00:00:00Z`);
  const exists = !Number.isNaN(day.getTime()) && day.toISOString().slice(0, 10) === text.slice(0, 10);
  return exists && !Number.isNaN(Date.parse(text));
}
