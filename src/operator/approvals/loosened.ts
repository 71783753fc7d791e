import { change, type ChangePolicy, type ChangeWindow } from "../../api/change.ts";
import { IMPACT_LEVELS } from "../../api/plan-status.ts";
import { durationMs } from "../../api/window.ts";

/** The more a plan waits, the greater. */
const STRICTNESS: readonly ChangePolicy["approval"][] = ["Automatic", "ByImpact", "Manual"];

/**
 * What another `spec.change` lets pass that had to wait before, each in words; empty when it is as strict or stricter.
 * Without a right to approve, nobody may make an approval unnecessary. Pure.
 */
export function loosened(before: unknown, after: unknown, now: Date): readonly string[] {
  const [old, next] = [change.safeParse(before ?? {}), change.safeParse(after ?? {})];
  // What cannot be read was stored by nobody's leave: whatever follows it is for those who may.
  if (!old.success || !next.success) return ["changing spec.change, which cannot be read,"];
  return [
    ...approval(old.data, next.data),
    ...(opensMore(old.data.windows, next.data.windows) ? ["letting plans begin outside of spec.change.windows"] : []),
    ...(endsEarlier(old.data.freeze, next.data.freeze, now) ? ["ending spec.change.freeze earlier"] : []),
  ];
}

function approval(old: ChangePolicy, next: ChangePolicy): string[] {
  const strictness = ({ approval: kind }: ChangePolicy): number => STRICTNESS.indexOf(kind);
  if (strictness(next) < strictness(old))
    return [`changing spec.change.approval from ${old.approval} to ${next.approval}`];
  if (old.approval !== "ByImpact" || next.approval !== "ByImpact") return [];
  const level = ({ automaticUpTo }: ChangePolicy): number => IMPACT_LEVELS.indexOf(automaticUpTo);
  if (level(next) <= level(old)) return [];
  return [`raising spec.change.automaticUpTo from ${old.automaticUpTo} to ${next.automaticUpTo}`];
}

/** Without windows plans begin at any time; else each that is not within an old one lets more begin. */
function opensMore(old: readonly ChangeWindow[], next: readonly ChangeWindow[]): boolean {
  if (old.length === 0) return false;
  const within = (window: ChangeWindow): boolean =>
    old.some(
      (one) =>
        one.schedule === window.schedule &&
        one.timeZone === window.timeZone &&
        durationMs(window.duration) <= durationMs(one.duration),
    );
  return next.length === 0 || !next.every(within);
}

function endsEarlier(old: ChangePolicy["freeze"], next: ChangePolicy["freeze"], now: Date): boolean {
  return endOf(old) > now.getTime() && endOf(next) < endOf(old);
}

/** Milliseconds; a freeze without an end, or with one that cannot be read, never ends. */
function endOf(freeze: ChangePolicy["freeze"]): number {
  if (freeze === undefined) return Number.NEGATIVE_INFINITY;
  const end = Date.parse(freeze.until ?? "");
  return Number.isNaN(end) ? Number.POSITIVE_INFINITY : end;
}
