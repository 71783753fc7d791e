// Maintenance windows: when a window of `spec.change.windows` opens, and until when.
import { Cron } from "croner";

/** A window as the Cloud says it. */
export interface WindowTimes {
  /** Five fields of cron. */
  readonly schedule: string;
  /** `4h`, `1h30m`. */
  readonly duration: string;
  /** Name in the IANA database. */
  readonly timeZone: string;
}

/** From `from`, and up to but not at `to`. */
export interface Opening {
  readonly from: Date;
  readonly to: Date;
}

/** Fields of a schedule. `?` is left out: crons differ in what they take it for. */
export const SCHEDULE_FORM = "^[0-9A-Za-z*,/#-]+( +[0-9A-Za-z*,/#-]+){4}$";
export const DURATION_FORM = "^([0-9]{1,3}h)?([0-9]{1,5}m)?([0-9]{1,7}s)?$";
/** Any instant: a schedule has no year, and the longest time between two leap days is eight years. */
const SOME_DAY = new Date("2026-01-01T00:00:00Z");

/** What is wrong with a schedule, in words; undefined when it can be read. Pure. */
export function scheduleFault(schedule: string): string | undefined {
  try {
    cron(schedule, "Etc/UTC");
    return undefined;
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)).replace(/^\w+: /, "");
  }
}

/** Whether the time zone has rules here. Offsets are none: they know no summer. Pure. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** Milliseconds of `4h`, `1h30m`, `90m`; NaN of what is no duration. Pure. */
export function durationMs(duration: string): number {
  const parts = new RegExp(DURATION_FORM).exec(duration);
  if (parts === null || duration === "") return Number.NaN;
  const [hours, minutes, seconds] = parts.slice(1).map((part) => Number.parseInt(part ?? "0", 10));
  return (((hours ?? 0) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0)) * 1000;
}

/** Whether a schedule that can be read ever comes: 30 February never does. Pure. */
export function everComes(schedule: string): boolean {
  return cron(schedule, "Etc/UTC").nextRun(SOME_DAY) !== null;
}

/** The opening in which `now` is; undefined while the window is shut. Throws when the window cannot be read. Pure. */
export function openingAt(window: WindowTimes, now: Date): Opening | undefined {
  const length = durationMs(window.duration);
  const opening = openingAfter(window, new Date(now.getTime() - length));
  return opening !== undefined && opening.from <= now ? opening : undefined;
}

/** The first opening that begins after an instant; undefined when none does. Throws when it cannot be read. Pure. */
export function openingAfter(window: WindowTimes, instant: Date): Opening | undefined {
  const from = cron(window.schedule, window.timeZone).nextRun(instant);
  return from === null ? undefined : { from, to: new Date(from.getTime() + durationMs(window.duration)) };
}

function cron(schedule: string, timezone: string): Cron {
  return new Cron(schedule, { mode: "5-part", paused: true, timezone });
}
