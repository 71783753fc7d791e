import { canonicalJson } from "../../content/canonical.ts";
import type { Plan } from "../../plan/plan.ts";

/** Things that are named; more are counted. */
const TOLD = 4;

/** Why a plan that waited is another now, in words. Pure. */
export function movedWords(before: Plan | undefined, now: Plan): string {
  if (before === undefined) return "what it stands on has changed since";
  const [was, is] = [before, now].map(
    ({ objects }) => new Map(objects.map((change) => [change.key, canonicalJson(change)])),
  );
  const keys = [...new Set([...(was?.keys() ?? []), ...(is?.keys() ?? [])])];
  const moved = keys.filter((key) => was?.get(key) !== is?.get(key)).toSorted();
  if (moved.length === 0)
    return "fields that it stands on have other values since, or the Cloud or the operator is another";
  const rest = moved.length > TOLD ? ` and ${moved.length - TOLD} more` : "";
  return `it would do something else now with ${moved.slice(0, TOLD).join(", ")}${rest}`;
}
