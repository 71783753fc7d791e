import type { Exec } from "../host/exec.ts";
import { details, timed, type Report } from "../host/progress.ts";
import { UnderlayError, reasonOf } from "./errors.ts";

/** Programs of the machine that the builds and the node use, and the Debian package of each. */
const TOOLS: Readonly<Record<string, string>> = {
  "apt-get": "apt",
  "dpkg-deb": "dpkg",
  mmdebstrap: "mmdebstrap",
  ip: "iproute2",
  ping: "iputils-ping",
  mount: "mount",
  unshare: "util-linux",
  nsenter: "util-linux",
  setpriv: "util-linux",
  chroot: "coreutils",
  tar: "tar",
};

export interface MissingTool {
  readonly program: string;
  readonly package: string;
}

export async function missingTools(exec: Exec): Promise<MissingTool[]> {
  const missing: MissingTool[] = [];
  for (const [program, name] of Object.entries(TOOLS)) {
    await exec("sh", ["-c", 'command -v "$1"', "sh", program]).catch(() => missing.push({ program, package: name }));
  }
  return missing;
}

export function packagesOf(missing: readonly MissingTool[]): string[] {
  return [...new Set(missing.map((tool) => tool.package))].toSorted();
}

/** Installs what is missing with the machine's apt; without apt nothing is done, and the doctor says what is missing. Throws UnderlayError. */
export async function installTools(exec: Exec, report: Report): Promise<void> {
  const missing = await missingTools(exec);
  if (missing.length === 0 || missing.some(({ program }) => program === "apt-get")) return;
  const packages = packagesOf(missing);
  await timed(report, "tools", `installing ${packages.join(", ")}`, async () => {
    const options = { env: { DEBIAN_FRONTEND: "noninteractive" }, onLine: details(report, "tools") };
    try {
      await exec("apt-get", ["update", "-q"], options);
      await exec("apt-get", ["install", "-y", "-q", "--no-install-recommends", ...packages], options);
    } catch (error) {
      const next = `Look at the reason, or install them yourself: apt-get install ${packages.join(" ")}.`;
      throw new UnderlayError(`apt could not install ${packages.join(", ")}: ${reasonOf(error)}`, next, error);
    }
  });
}
