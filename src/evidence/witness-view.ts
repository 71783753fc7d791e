import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { PlanStatus } from "../api/plan.ts";
import { bounded, clock, messageOf, secondsOf, type Told, type Window } from "./window.ts";

type Evidence = NonNullable<PlanStatus["evidence"]>;
type ApiEvidence = Evidence["apis"][number];

/** The answer of the witness' server to a GET of this path and query, as text. */
export type AskWitness = (path: string, signal: AbortSignal) => Promise<string>;

export type View = Told<Pick<Evidence, "witness" | "apis">>;

/** What we read of a report; fields that a witness of an earlier version does not have are optional. */
const report = z.object({
  since: z.iso.datetime(),
  until: z.iso.datetime(),
  now: z.iso.datetime().optional(),
  readEverySeconds: z.number(),
  blind: z.array(z.object({ from: z.iso.datetime(), seconds: z.number(), reason: z.string() })),
  blindSeconds: z.number(),
  apis: z.array(
    z.object({
      api: z.string(),
      sent: z.int().min(0),
      failed: z.int().min(0),
      slow: z.int().min(0),
      worstGapSeconds: z.number().min(0),
      gap: z
        .object({
          from: z.iso.datetime(),
          to: z.iso.datetime(),
          seconds: z.number().min(0),
          began: z.enum(["success", "blind"]),
          ended: z.enum(["success", "blind", "open"]),
        })
        .optional(),
      unanswered: z.int().min(0).default(0),
      failures: z.array(z.object({ at: z.string(), operation: z.string(), message: z.string() })).default([]),
    }),
  ),
});
type Report = z.output<typeof report>;
type ApiReport = Report["apis"][number];

/** Milliseconds between attempts: a witness that was just replaced is not reached at once. */
const AGAIN_MS = 300;
/** Differences of two clocks below this are not corrected, and below the second not told; milliseconds. */
const CLOCKS = { corrected: 50, told: 1_000 };
/** Milliseconds at the end of a window that the witness' clock may lack without being blind. */
const LACKING = 100;
/** Blind times that are told one by one. */
const BLIND_TOLD = 5;
/** A gap is worth a word from the time between two reads and this many seconds on. */
const GAP_SECONDS = 2;

/** What the witness saw of a window. What it does not know is blind, never a success. Does not throw. */
export async function witnessView(
  ask: AskWitness,
  wanted: { readonly window: Window; readonly apis: readonly string[] },
  signal: AbortSignal,
): Promise<View> {
  try {
    return viewOf(await reportOf(ask, wanted.window, signal), wanted);
  } catch (error) {
    const { window, apis } = wanted;
    return {
      value: { witness: "Blind", apis: apis.map((name) => unseen(name, window)) },
      notes: [`Nothing is known of what users noticed: the witness did not answer: ${messageOf(error)}`],
    };
  }
}

interface Read {
  readonly report: Report;
  /** Milliseconds by which the witness' clock is ahead of ours, as far as it was corrected. */
  readonly ahead: number;
}

async function reportOf(ask: AskWitness, window: Window, signal: AbortSignal): Promise<Read> {
  const first = await read(ask, window, signal);
  if (Math.abs(first.ahead) <= first.uncertain + CLOCKS.corrected) return { report: first.report, ahead: 0 };
  const { ahead } = first;
  const shifted = { from: window.from + ahead, to: window.to + ahead };
  return { report: (await read(ask, shifted, signal)).report, ahead };
}

async function read(
  ask: AskWitness,
  { from, to }: Window,
  signal: AbortSignal,
): Promise<{ readonly report: Report; readonly ahead: number; readonly uncertain: number }> {
  const query = new URLSearchParams({ since: iso(from), until: iso(Math.max(to, from + 1)) });
  let failure: unknown;
  while (!signal.aborted) {
    const start = Date.now();
    try {
      const found = readReport(await bounded(ask(`/report?${query.toString()}`, signal), signal));
      const uncertain = (Date.now() - start) / 2;
      const now = found.now === undefined ? start + uncertain : Date.parse(found.now);
      return { report: found, ahead: Math.round(now - start - uncertain), uncertain };
    } catch (error) {
      failure ??= error;
    }
    await bounded(sleep(AGAIN_MS), signal).catch((error: unknown) => (failure ??= error));
  }
  throw failure;
}

function readReport(text: string): Report {
  const { success, data } = report.safeParse(asJson(text));
  if (!success) throw new Error(`what it answered is no report: ${text.slice(0, 100).trim()}`);
  return data;
}

/** Undefined for what is no JSON. */
function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function viewOf(
  { report: seen, ahead }: Read,
  { window, apis }: { readonly window: Window; readonly apis: readonly string[] },
): View {
  // What its clock has not reached yet it cannot know.
  const lacking = window.to + ahead - Date.parse(seen.until);
  const missed = lacking > LACKING ? lacking : 0;
  const length = (window.to - window.from) / 1000;
  const blindSeconds = Math.min(length, secondsOf(missed + seen.blindSeconds * 1000));
  const watched = seen.apis.map((one): ApiEvidence => {
    const { api: name, sent, failed, slow, worstGapSeconds, gap } = one;
    return { name, sent, failed, slow, worstGapSeconds: gap?.seconds ?? worstGapSeconds, blindSeconds };
  });
  const names = new Set(watched.map(({ name }) => name));
  const others = apis.filter((name) => !names.has(name)).map((name) => unseen(name, window));
  const all = [...watched, ...others].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const blind = all.map((one) => one.blindSeconds);
  const witness = blind.every((one) => one === 0)
    ? "Saw"
    : blind.every((one) => one >= length)
      ? "Blind"
      : "PartlyBlind";
  const notes = [
    ...clockNotes(ahead),
    ...blindNotes(seen, ahead),
    ...others.map(({ name }) => `${name}: the witness did not watch it`),
    ...seen.apis.flatMap((one) => apiNotes(one, { window, ahead, readEverySeconds: seen.readEverySeconds })),
  ];
  return { value: { witness, apis: all }, notes };
}

function unseen(name: string, { from, to }: Window): ApiEvidence {
  return { name, sent: 0, failed: 0, slow: 0, worstGapSeconds: 0, blindSeconds: secondsOf(to - from) };
}

function clockNotes(ahead: number): readonly string[] {
  if (Math.abs(ahead) < CLOCKS.told) return [];
  const seconds = secondsOf(Math.abs(ahead)).toFixed(1);
  return [`The witness' clock was ${seconds} s ${ahead > 0 ? "ahead" : "behind"}: its times were corrected by that`];
}

function blindNotes({ blind }: Report, ahead: number): readonly string[] {
  const told = blind
    .slice(0, BLIND_TOLD)
    .map(({ from, seconds, reason }) => `Blind for ${seconds} s from ${clock(Date.parse(from) - ahead)}: ${reason}`);
  return blind.length > BLIND_TOLD ? [...told, `… and blind ${blind.length - BLIND_TOLD} more times`] : told;
}

function apiNotes(
  { api, gap, unanswered, failures }: ApiReport,
  context: { readonly window: Window; readonly ahead: number; readonly readEverySeconds: number },
): readonly string[] {
  const { window, ahead, readEverySeconds } = context;
  const long = gap !== undefined && gap.seconds > readEverySeconds + GAP_SECONDS;
  const [last] = failures;
  return [
    ...(long ? gapNotes(api, gap, { from: window.from + ahead, to: window.to + ahead }) : []),
    ...(unanswered === 0 ? [] : [`${api}: ${unanswered} operations had no answer yet when this was gathered`]),
    ...(last === undefined
      ? []
      : [`${api}: the last that failed, at ${clock(Date.parse(last.at) - ahead)}: ${last.operation}: ${last.message}`]),
  ];
}

/** What of a gap lies outside of the window, or was not seen to its end. */
function gapNotes(api: string, gap: NonNullable<ApiReport["gap"]>, window: Window): readonly string[] {
  const before = window.from - Date.parse(gap.from);
  const after = Date.parse(gap.to) - window.to;
  const parts = [
    ...(before > 0 ? [`began ${secondsOf(before)} s before the begin`] : []),
    ...(gap.began === "blind" ? ["began while the witness was blind: it may be longer"] : []),
    ...(gap.ended === "open" ? ["had not ended when this was gathered"] : []),
    ...(gap.ended === "blind" ? ["ended while the witness was blind: it may be longer"] : []),
    ...(gap.ended === "success" && after > 0 ? [`went on until ${secondsOf(after)} s after the end`] : []),
  ];
  return parts.length === 0 ? [] : [`${api}: its worst gap, ${gap.seconds} s, ${parts.join(", and ")}`];
}

function iso(moment: number): string {
  return new Date(moment).toISOString();
}
