import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parse } from "yaml";
import { readCloud } from "../../src/api/cloud.ts";
import { judgeCloud } from "../../src/api/findings.ts";
import { durationMs, everComes, isTimeZone, openingAfter, openingAt, scheduleFault } from "../../src/api/window.ts";
import { smallestCloud } from "./arbitrary-cloud.ts";

const HASH = "0123456789abcdef".repeat(4);
const nights = { name: "nights", schedule: "0 22 * * 1-5", duration: "4h", timeZone: "Europe/Berlin" };

/** What is said of a Cloud with this `spec.change`. */
function said(change: object): string[] {
  const cloud = { ...smallestCloud(), spec: { release: "2025.1", change } };
  return judgeCloud(cloud).map(
    ({ severity, path, code, message }) => `${severity} ${path.replace("spec.change.", "")} ${code}: ${message}`,
  );
}

const FIELDS = "A schedule has five fields: minute, hour, day of the month, month, day of the week.";
const FIVE = 'Example: schedule: "0 22 * * 1-5"';

const CASES: readonly (readonly [what: string, change: object, message: string])[] = [
  [
    "a schedule of four fields",
    { windows: [{ ...nights, schedule: "22 * * 1-5" }] },
    `error windows.0.schedule bad-schedule: "22 * * 1-5": ${FIELDS} ${FIVE}`,
  ],
  [
    "a schedule with seconds",
    { windows: [{ ...nights, schedule: "0 0 22 * * 1" }] },
    `error windows.0.schedule bad-schedule: "0 0 22 * * 1": ${FIELDS} ${FIVE}`,
  ],
  [
    "a nickname",
    { windows: [{ ...nights, schedule: "@daily" }] },
    `error windows.0.schedule bad-schedule: "@daily": ${FIELDS} ${FIVE}`,
  ],
  [
    "an hour that no day has",
    { windows: [{ ...nights, schedule: "0 25 * * 1" }] },
    `error windows.0.schedule bad-schedule: "0 25 * * 1": Invalid value for hour: 25. ${FIELDS} ${FIVE}`,
  ],
  [
    "a day that never comes",
    { windows: [{ ...nights, schedule: "0 22 30 2 *" }] },
    `error windows.0.schedule never-opens: "0 22 30 2 *": The window never opens, since this day never comes. ${FIVE}`,
  ],
  [
    "no length",
    { windows: [{ ...nights, duration: "0h0m" }] },
    'error windows.0.duration never-opens: "0h0m": The window never opens, since it has no length. Example: duration: 4h',
  ],
  [
    "a length in words",
    { windows: [{ ...nights, duration: "4 hours" }] },
    'error windows.0.duration invalid-value: "4 hours" is not right: it must be hours, minutes and seconds, like 4h or 1h30m (How long it is open, for example 4h). Example: duration: 4h',
  ],
  [
    "a time zone that is none",
    { windows: [{ ...nights, timeZone: "Europe/Berln" }] },
    'error windows.0.timeZone unknown-time-zone: "Europe/Berln": Did you mean Europe/Berlin? There is no time zone of this name in the IANA database. Example: timeZone: Europe/Berlin',
  ],
  [
    "an offset for a time zone",
    { windows: [{ ...nights, timeZone: "+01:00" }] },
    'error windows.0.timeZone unknown-time-zone: "+01:00": There is no time zone of this name in the IANA database. Example: timeZone: Europe/Berlin',
  ],
  [
    "one name twice",
    { windows: [nights, nights] },
    'error windows.1.name duplicate-name: "nights" is item 0 of this list already: each name appears once. Example: give one of them another name',
  ],
  [
    "an impact without ByImpact",
    { approval: "Manual", automaticUpTo: "ReadsSlow" },
    'error automaticUpTo unused-field: "ReadsSlow": `automaticUpTo` belongs to approval ByImpact and means nothing without it. Example: {approval: ByImpact, automaticUpTo: ReadsSlow}',
  ],
  [
    "an impact that is never automatic",
    { approval: "ByImpact", automaticUpTo: "Fails" },
    'error automaticUpTo invalid-value: Must be one of None, ReadsSlow, WritesFail, and is "Fails" (Greatest impact of a plan that does not wait for an approval, with approval ByImpact). Example: automaticUpTo: None',
  ],
  [
    "a day that no calendar has",
    { freeze: { reason: "fair", until: "2027-02-30T06:00:00Z" } },
    'error freeze.until bad-time: "2027-02-30T06:00:00Z": There is no such day or time. Example: until: 2027-01-04T06:00:00Z',
  ],
  [
    "a time without its offset",
    { freeze: { reason: "fair", until: "2027-01-04T06:00:00" } },
    'error freeze.until invalid-value: "2027-01-04T06:00:00" is not right: it must be a time with its offset, like 2027-01-04T06:00:00Z (When it ends, for example 2027-01-04T06:00:00Z; without it, when the freeze is taken away). Example: until: 2027-01-04T06:00:00Z',
  ],
  [
    "a freeze without a reason",
    { freeze: { until: "2027-01-04T06:00:00Z" } },
    "error freeze.reason missing-field: The field is missing (Why, told to everybody who waits, for example audit). Example: reason: audit",
  ],
  [
    "the beginning of a hash",
    { approvedPlan: HASH.slice(0, 12) },
    'error approvedPlan invalid-value: "0123456789ab" is not right: it must be the whole hash of a plan: 64 hexadecimal digits (Whole hash of the plan that may be carried out). Example: approvedPlan: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  ],
  [
    "a freeze without end beside windows",
    { windows: [nights], freeze: { reason: "fair" } },
    "warning freeze frozen-without-end: The freeze has no end: until it is taken away no plan begins, in no window. Example: {until: 2027-01-04T06:00:00Z, reason: end of the year}",
  ],
];

describe("what is said of spec.change", () => {
  test("the Cloud of the guide is right", async () => {
    const guide = await readFile(new URL("../../docs/guides/approving-changes.md", import.meta.url), "utf8");
    const cloud = parse(/```yaml\n([^`]+)```/.exec(guide)?.[1] ?? "") as { spec: { change: object } };
    assert.deepEqual(said(cloud.spec.change), []);
    assert.equal(Object.keys(cloud.spec.change).length, 4);
  });

  for (const [what, change, message] of CASES) test(what, () => assert.deepEqual(said(change), [message]));

  test("what is right passes, and is read with its defaults", () => {
    const change = {
      approval: "ByImpact",
      automaticUpTo: "ReadsSlow",
      windows: [
        { name: "nights", schedule: "0 22 * * 1-5", duration: "1h30m" },
        { ...nights, name: "sundays", schedule: "0 6 * * SUN#1" },
      ],
      freeze: { reason: "fair", until: "2028-02-29T06:00:00+01:00" },
      approvedPlan: HASH,
    };
    assert.deepEqual(said(change), []);
    const read = readCloud({ ...smallestCloud(), spec: { release: "2025.1", change } }).spec.change;
    assert.equal(read.windows[0]?.timeZone, "Etc/UTC");
    const bare = readCloud(smallestCloud()).spec.change;
    assert.deepEqual(bare, { approval: "Automatic", automaticUpTo: "None", windows: [], paused: false });
  });
});

const MINUTE = 60_000;
const instant = fc.date({
  min: new Date("2020-01-01T00:00:00Z"),
  max: new Date("2035-01-01T00:00:00Z"),
  noInvalidDate: true,
});
const arbitraryWindow = fc.record({
  schedule: fc
    .tuple(
      fc.integer({ min: 0, max: 59 }),
      fc.integer({ min: 0, max: 23 }),
      fc.constantFrom("*", "1-5", "0", "MON,WED"),
    )
    .map(([minute, hour, days]) => `${minute} ${hour} * * ${days}`),
  duration: fc.integer({ min: 1, max: 3 * 24 * 60 }).map((minutes) => `${Math.floor(minutes / 60)}h${minutes % 60}m`),
  timeZone: fc.constantFrom("Etc/UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Pacific/Auckland"),
});

describe("windows", () => {
  test("an opening holds the instant that it is asked for, and its end is outside", () => {
    fc.assert(
      fc.property(arbitraryWindow, instant, (window, now) => {
        const opening = openingAt(window, now);
        if (opening === undefined) return;
        assert.ok(opening.from <= now && now < opening.to);
        assert.equal(opening.to.getTime() - opening.from.getTime(), durationMs(window.duration));
        assert.notEqual(openingAt(window, opening.from), undefined);
      }),
    );
  });

  test("a shut window is shut until its next opening, at which it is open", () => {
    fc.assert(
      fc.property(arbitraryWindow, instant, fc.double({ min: 0, max: 1, noNaN: true }), (window, now, part) => {
        if (openingAt(window, now) !== undefined) return;
        const next = openingAfter(window, now);
        assert.ok(next !== undefined && next.from > now);
        assert.ok(openingAt(window, next.from) !== undefined);
        assert.equal(openingAt(window, new Date(next.from.getTime() - 1)), undefined);
        const between = new Date(now.getTime() + Math.floor((next.from.getTime() - 1 - now.getTime()) * part));
        assert.equal(openingAt(window, between), undefined);
      }),
    );
  });

  test("it follows the clock of its zone, through the changes of the year too", () => {
    const daily = { ...nights, schedule: "30 2 * * *", duration: "1h" };
    const opens = (instant: string) => openingAfter(daily, new Date(instant))?.from.toISOString();
    assert.equal(opens("2026-06-30T12:00:00Z"), "2026-07-01T00:30:00.000Z");
    assert.equal(opens("2026-12-30T12:00:00Z"), "2026-12-31T01:30:00.000Z");
    // That hour is left out: it opens when the clock goes on.
    assert.equal(opens("2026-03-28T12:00:00Z"), "2026-03-29T01:00:00.000Z");
    // That hour comes twice: it opens once.
    assert.equal(opens("2026-10-24T12:00:00Z"), "2026-10-25T00:30:00.000Z");
    assert.equal(opens("2026-10-25T00:30:00Z"), "2026-10-26T01:30:00.000Z");
  });

  test("the edges are exact", () => {
    const utc = { ...nights, timeZone: "Etc/UTC" };
    const isOpen = (at: string) => openingAt(utc, new Date(at)) !== undefined;
    assert.ok(!isOpen("2026-11-23T21:59:59.999Z"));
    assert.ok(isOpen("2026-11-23T22:00:00.000Z"));
    assert.ok(isOpen("2026-11-24T01:59:59.999Z"));
    assert.ok(!isOpen("2026-11-24T02:00:00.000Z"));
  });

  test("durations, days and zones", () => {
    assert.equal(durationMs("90m"), 90 * MINUTE);
    assert.equal(durationMs("1h0m30s"), 60 * MINUTE + 30_000);
    for (const text of ["", "h", "1d", "1m1h", "-1h", "1.5h"]) assert.ok(Number.isNaN(durationMs(text)), text);
    assert.ok(everComes("0 0 29 2 *"));
    for (const schedule of ["0 0 30 2 *", "0 0 31 2,4,6,9,11 *"]) assert.ok(!everComes(schedule));
    assert.equal(scheduleFault("*/15 0-6 L * *"), undefined);
    assert.match(scheduleFault("*/0 * * * *") ?? "", /stepping/);
    assert.deepEqual(["Etc/UTC", "UTC", "+01:00", "Mars/Phobos", ""].map(isTimeZone), [
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  test("no text makes the judge throw, and what it lets pass can be asked for its opening", () => {
    const field = fc.constantFrom(
      "*",
      "0",
      "30",
      "2",
      "60",
      "1-5",
      "5-1",
      "*/7",
      "L",
      "MON",
      "1#2",
      "W",
      "15W",
      "a",
      "#",
      "",
    );
    fc.assert(
      fc.property(fc.array(field, { minLength: 4, maxLength: 6 }), instant, (fields, now) => {
        const schedule = fields.join(" ");
        if (said({ windows: [{ ...nights, schedule }] }).length > 0) return;
        assert.notEqual(openingAfter({ ...nights, schedule }, now), undefined, schedule);
      }),
      { numRuns: 500 },
    );
  });
});
