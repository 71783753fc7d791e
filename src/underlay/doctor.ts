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
  processor,
  root,
  swap,
  systemd,
  tools,
} from "./doctor-checks.ts";
import { kernel } from "./doctor-kernel.ts";
import { missingTools } from "./tools.ts";

export interface DoctorOptions {
  readonly cacheDir: string;
  readonly stateDir: string;
  readonly exec?: Exec;
  readonly config?: UnderlayConfig;
  /** As Node names it; default: of this machine. */
  readonly architecture?: string;
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
  return [processor(options.architecture), ...groups.flat()];
}

/** Throws UnderlayError when a check fails: before anything is touched, with every lack and its cure. */
export async function requireFit(options: DoctorOptions): Promise<void> {
  refuse((await runChecks(options)).filter((check) => !check.ok));
}

/** Throws UnderlayError when something lacks that apt cannot bring: asked before anything is installed. */
export async function requireInstallable(options: DoctorOptions): Promise<void> {
  const missing = await missingTools(options.exec ?? realExec);
  const byApt = missing.length > 0 && !missing.some(({ program }) => program === "apt-get");
  // Without its programs, what they would look at cannot be judged yet.
  const later = byApt ? ["tools", "network", "kernel"] : [];
  refuse((await runChecks(options)).filter((check) => !check.ok && !later.includes(check.id)));
}

function refuse(lacks: readonly Check[]): void {
  const [first] = lacks;
  if (first === undefined) return;
  const root = lacks.find(({ id }) => id === "root");
  // Who is not root lacks other things just because of that.
  if (root !== undefined) throw new UnderlayError(sentence(root.found), root.cure);
  const list = lacks.map((check) => `${check.id}: ${check.found}`).join("; ");
  throw new UnderlayError(
    `This machine lacks what a cluster needs: ${list}`,
    lacks.map((check) => check.cure).join(" "),
  );
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
