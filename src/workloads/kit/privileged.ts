import { readFileSync } from "node:fs";
import type { Data } from "./objects.ts";

const NAME = "underpin_privileged.py";

/** The script that runs a program of OpenStack with its privileged functions in its own process; it must be root. */
export const PRIVILEGED_FILES: Data = { [NAME]: readFileSync(new URL(`scripts/${NAME}`, import.meta.url), "utf8") };

/** The command for `program`, whose first import is `first` and whose privileged contexts are in `modules`; the script is in `folder`. */
export function privilegedCommand(
  folder: string,
  { first, modules }: { first: string; modules: readonly string[] },
  program: readonly string[],
): readonly string[] {
  return ["/opt/openstack/bin/python", `${folder}/${NAME}`, first, modules.join(","), ...program];
}
