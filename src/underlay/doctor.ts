import { exec as realExec, type Exec } from "../host/exec.ts";
import type { Check } from "./check.ts";
import { DEFAULT_CONFIG, validateConfig, type UnderlayConfig } from "./config.ts";
import { UnderlayError } from "./errors.ts";
import {
  capabilities,
  cgroups,
  disk,
  go,
  kvm,
  memory,
  network,
  others,
  root,
  swap,
  systemd,
  tools,
} from "./doctor-checks.ts";
import { kernel } from "./doctor-kernel.ts";

export interface DoctorOptions {
  readonly cacheDir: string;
  readonly stateDir: string;
  readonly exec?: Exec;
  readonly config?: UnderlayConfig;
}

/** Looks at everything that the underlay and the builds need. Changes nothing. */
export async function runChecks(options: DoctorOptions): Promise<Check[]> {
  const exec = options.exec ?? realExec;
  const config = options.config ?? DEFAULT_CONFIG;
  validateConfig(config);
  const groups = await Promise.all([
    root(),
    go(exec),
    tools(exec),
    cgroups(),
    kernel(exec),
    capabilities(),
    network(exec, config),
    disk("disk-cache", options.cacheDir, "cache"),
    disk("disk-state", options.stateDir, "state"),
    memory(),
    kvm(),
    others(exec),
    systemd(),
    swap(),
  ]);
  return groups.flat();
}

/** Throws UnderlayError when a check fails: before anything is touched, with every lack and its cure. */
export async function requireFit(options: DoctorOptions): Promise<void> {
  const lacks = (await runChecks(options)).filter((check) => !check.ok);
  if (lacks.length === 0) return;
  const list = lacks.map((check) => `${check.id}: ${check.found}`).join("; ");
  throw new UnderlayError(
    `This machine lacks what a cluster needs: ${list}`,
    lacks.map((check) => check.cure).join(" "),
  );
}
