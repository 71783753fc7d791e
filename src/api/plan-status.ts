import { z } from "zod";
import { conditions } from "./status.ts";

const seconds = z.number().min(0).max(1e9);
const count = z.int().min(0).max(1e9);
const time = z.string().max(40);
const text = z.string().max(4096);
const name = z.string().max(253);

/** The worst that users notice: nothing, slower answers, changes that fail or wait, no answers. */
export const IMPACT_LEVELS = ["None", "ReadsSlow", "WritesFail", "Fails"] as const;
export type ImpactLevel = (typeof IMPACT_LEVELS)[number];

const impact = z.object({
  level: z.enum(IMPACT_LEVELS).describe("The worst that users notice."),
  on: z.string().max(1024).optional().describe("Whose requests: every API, traffic of guests."),
  seconds: seconds.optional().describe("For how long, as far as earlier executions here tell."),
});

const summary = z.object({
  created: count.describe("Objects that are made."),
  changed: count.describe("Objects that change, one that is named by its content and gets another name included."),
  deleted: count.describe("Objects that go."),
  unchanged: count.describe("Objects that stay as they are."),
  text: z.string().max(1024).describe("The change in one line."),
  workloads: z
    .array(
      z.object({
        controller: name.describe("The Deployment, StatefulSet or DaemonSet."),
        effect: z.string().max(32).describe("starts, stops, rolls, recreates, waits, scales or reloads."),
      }),
    )
    .max(128)
    .describe("What happens to what runs."),
  database: z.boolean().describe("Whether a database is made or changed."),
  impact: impact.describe("What users notice at worst."),
  expectedSeconds: seconds.optional().describe("Seconds that it takes, from what earlier executions took here."),
  dataAtRisk: z.array(name).max(64).describe("Volumes that are deleted with what they hold."),
  refused: z.array(z.string().max(1024)).max(32).describe("What the API server would refuse."),
  takenBack: z.string().max(1024).describe("Whether and until when the change can be taken back."),
});

const step = z.object({
  id: z.string().max(253).describe("Name of the step: workload/step."),
  after: z.array(z.string().max(253)).max(32).describe("Steps of the plan that come before."),
  state: z
    .enum(["Waiting", "Running", "Done", "Failed", "Skipped"])
    .describe("What became of it; Skipped: not begun when the plan was aborted."),
  side: z.enum(["Old", "New"]).optional().describe("After an abort: on which side of the step the cloud is."),
  expectedSeconds: seconds.optional().describe("Seconds that it took here before."),
  seconds: seconds.optional().describe("Seconds that it took."),
  startedAt: time.optional().describe("When it began."),
  message: text.optional().describe("What it waits for, or why it failed."),
  log: text.optional().describe("The line of a log that tells why it failed."),
  next: z.string().max(1024).optional().describe("The command that shows more or cures it."),
});

const api = z.object({
  name: z.string().max(63).describe("The API, or what else was watched."),
  sent: count.describe("Operations that were sent."),
  failed: count.describe("Operations that failed."),
  slow: count.describe("Operations that took longer than the witness allows."),
  worstGapSeconds: seconds.describe("Longest time without an operation that succeeded."),
  blindSeconds: seconds.describe("Time for which nothing is known: the witness did not run, or could not write."),
});

const evidence = z.object({
  startedAt: time.describe("When the execution began."),
  endedAt: time.optional().describe("When it ended."),
  seconds: seconds.optional().describe("From begin to end."),
  witness: z.enum(["Saw", "PartlyBlind", "Blind"]).describe("Whether the witness saw all of it, a part, nothing."),
  apis: z
    .array(api)
    .max(64)
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
    .describe("What users would have noticed, measured by the witness."),
  gatewayRetries: count.optional().describe("Requests that the gateway sent again to another server."),
  podsRestarted: z.array(name).max(256).describe("Pods that were replaced or whose containers started again."),
  notes: z.array(text).max(32).optional().describe("What a reader must know to trust it."),
});

/** What a Plan is and became, written by the operator. */
export const planStatus = z
  .object({
    phase: z
      .enum(["Candidate", "Pending", "Approved", "Running", "Paused", "Succeeded", "Failed", "Aborted", "Superseded"])
      .optional()
      .describe("Where it stands. Failed: nothing more is tried until the Cloud or what stopped it changes."),
    message: text.optional().describe("What it waits for, or why it ended, in plain words."),
    hash: z.string().max(64).optional().describe("What the plan stands on; to be approved by."),
    generation: z.int().min(0).max(Number.MAX_SAFE_INTEGER).optional().describe("Generation of the Cloud."),
    summary: summary.optional().describe("What it does."),
    content: z
      .object({
        hash: z.string().max(64).describe("SHA-256 of the whole content."),
        chunks: z.array(name).max(64).describe("Names of the ConfigMaps that hold it, in order."),
      })
      .optional()
      .describe("Where all of it is: underpin plan PLAN --detail reads it."),
    approval: z
      .object({
        user: z.string().max(512).describe("Who approved."),
        by: z
          .enum(["Policy", "Cloud", "PlanApproval"])
          .describe("How: by policy, by spec.change.approvedPlan, by an object."),
        time: time.describe("When."),
      })
      .optional()
      .describe("Who approved it."),
    progress: z
      .object({
        done: count.describe("Steps that are done."),
        of: count.describe("Steps of the plan."),
        running: z.array(z.string().max(253)).max(64).describe("Steps that run."),
        remainingSeconds: seconds.optional().describe("Seconds until its end, as far as known."),
      })
      .optional()
      .describe("How far it is."),
    steps: z
      .array(step)
      .max(512)
      .optional()
      .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["id"] })
      .describe("Each step."),
    evidence: evidence.optional().describe("What really happened."),
    conditions: conditions.describe("Approved, Complete."),
  })
  .describe("What the plan is and became, written by the operator.");
