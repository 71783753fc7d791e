import { z } from "zod";
import { dnsLabel, MAX_NAME, planHash } from "./fields.ts";
import type { DeepReadonly } from "./metadata.ts";
import type { ImpactLevel } from "./plan-status.ts";
import { DURATION_FORM } from "./window.ts";

const byName = { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] } as const;

/** Impacts that may be automatic: whatever leaves users without answers somebody approves. */
const AUTOMATIC_LEVELS = ["None", "ReadsSlow", "WritesFail"] as const satisfies readonly ImpactLevel[];

const window = z.object({
  name: dnsLabel(MAX_NAME).describe("Name of the window, for example nights."),
  schedule: z
    .string()
    .min(1)
    .max(100)
    .describe(
      "When it opens, as cron has it: minute, hour, day of the month, month, day of the week, so 0 22 * * 1-5 is at 22:00 from Monday to Friday.",
    ),
  duration: z
    .string()
    .min(2)
    .max(20)
    .regex(new RegExp(DURATION_FORM), "must be hours, minutes and seconds, like 4h or 1h30m")
    .describe("How long it is open, for example 4h."),
  timeZone: z
    .string()
    .min(1)
    .max(64)
    .default("Etc/UTC")
    .describe("Time zone of the schedule, by its name in the IANA database."),
});

const freeze = z.object({
  until: z
    .string()
    .max(40)
    .regex(
      /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$/,
      "must be a time with its offset, like 2027-01-04T06:00:00Z",
    )
    .optional()
    .describe("When it ends, for example 2027-01-04T06:00:00Z; without it, when the freeze is taken away."),
  reason: z.string().min(1).max(512).describe("Why, told to everybody who waits, for example audit."),
});

export const change = z.object({
  approval: z
    .enum(["Automatic", "Manual", "ByImpact"])
    .default("Automatic")
    .describe(
      "What waits for an approval. Automatic: no plan. Manual: each plan. ByImpact: each plan that users notice more than `automaticUpTo` says, that deletes data, or that changes a database.",
    ),
  automaticUpTo: z
    .enum(AUTOMATIC_LEVELS)
    .default("None")
    .describe("Greatest impact of a plan that does not wait for an approval, with approval ByImpact."),
  windows: z
    .array(window)
    .max(16)
    .default([])
    .meta(byName)
    .describe(
      "When a plan may begin; without it at any time. A plan that has begun is not stopped when a window shuts, and repairs do not wait.",
    ),
  freeze: freeze.optional().describe("While it lasts no plan begins, approved or not. Repairs go on."),
  approvedPlan: planHash
    .optional()
    .describe(
      "Whole hash of the plan that may be carried out. Who sets it must have the verb approve on plans; for example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08.",
    ),
  paused: z.boolean().default(false).describe("While true nothing of the Cloud is changed or repaired."),
});

/** How changes of a Cloud are made, with defaults filled in. */
export type ChangePolicy = DeepReadonly<z.output<typeof change>>;
export type ChangeWindow = ChangePolicy["windows"][number];
