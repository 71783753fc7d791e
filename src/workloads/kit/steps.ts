import type { Impact } from "../../api/step.ts";
import type { ApplyStep, BuildInput, CallStep, Manifest, StepId } from "../contract.ts";
import { objectKey } from "../contract.ts";

type ApplyOptions = Pick<ApplyStep, "id" | "needs" | "onFailure"> & {
  readonly objects: readonly Manifest[];
  readonly until?: ApplyStep["until"];
  readonly timeoutSeconds?: number;
  readonly impact?: Impact;
};

/** Writes the objects and, by default, waits until they are ready. */
export function applyStep(options: ApplyOptions): ApplyStep {
  return {
    type: "apply",
    id: options.id,
    needs: options.needs,
    objects: options.objects.map(objectKey),
    until: options.until ?? "ready",
    onFailure: options.onFailure,
    timeoutSeconds: options.timeoutSeconds ?? 300,
    ...(options.impact === undefined ? {} : { impact: options.impact }),
  };
}

type CallOptions = Omit<CallStep, "type" | "timeoutSeconds"> & { readonly timeoutSeconds?: number };

export function callStep(options: CallOptions): CallStep {
  return { type: "call", timeoutSeconds: 300, ...options };
}

/** The steps, when the Cloud has the service that they belong to: nobody can wait for a step that does not exist. */
export function ofService(input: BuildInput, service: string, ...steps: readonly StepId[]): readonly StepId[] {
  return input.cloud.spec.services[service]?.enabled === true ? steps : [];
}

/** The objects of a kind and, when names are given, of these names. */
export function pick(objects: readonly Manifest[], kind: string, ...names: readonly string[]): readonly Manifest[] {
  return objects.filter(
    (one) =>
      one.kind === kind &&
      (names.length === 0 || names.includes(one.metadata.labels?.["app.kubernetes.io/component"] ?? "")),
  );
}

/** Each object once: parts of a service share their configuration's objects. */
export function distinct(objects: readonly Manifest[]): readonly Manifest[] {
  return [...new Map(objects.map((one) => [objectKey(one), one])).values()];
}
