import { readFileSync } from "node:fs";
import type { Manifest } from "../contract.ts";
import { configDir } from "./layers.ts";
import type { Owner } from "./names.ts";
import { contentConfigMap, type Data } from "./objects.ts";
import { configMapDir, type Mounted } from "./pods.ts";

const MODULE = "underpin_reload.py";
const PYTHON = "/opt/openstack/bin/python";
const DIR = "/opt/underpin-reload";

/** The module that has a running process take its mutable layer: for the directory of an API's own modules. */
export const RELOAD_FILES: Data = {
  [MODULE]: readFileSync(new URL(`./scripts/${MODULE}`, import.meta.url), "utf8"),
};

/** The module for a program that is run beside it by `reloading`. */
export function reloadModule(owner: Owner): { readonly object: Manifest; readonly mounted: Mounted } {
  const object = contentConfigMap({ ...owner, name: owner.workload }, `${owner.workload}-reload`, RELOAD_FILES);
  return { object, mounted: configMapDir("reload", object.metadata.name, DIR) };
}

/** The command that runs a program in Python, given by its path, so that it takes its workload's mutable layer. */
export function reloading(workload: string, command: readonly string[]): readonly string[] {
  const program = command[0] === PYTHON ? command.slice(1) : command;
  return [PYTHON, `${DIR}/${MODULE}`, configDir(workload), ...program];
}
