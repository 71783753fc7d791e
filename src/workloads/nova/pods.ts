// What all of nova's pods have in common.
import { resolveService } from "../../api/cloud.ts";
import { caDir, emptyDir, UID, userFiles, type Layers, type Mounted, type Owner } from "../kit/index.ts";
import { STATE_DIR } from "./config.ts";

/** Component of nova by the name of its controller: `nova-api` → `api`. */
export function componentOf(owner: Owner): string {
  return owner.name.replace(/^nova-/, "");
}

/** Configuration, certificate authority, the user's files, and a directory for locks. */
export function mounts(owner: Owner, layers: Layers): readonly Mounted[] {
  const nova = resolveService(owner.input.cloud, "nova");
  return [layers.mounted, caDir(), emptyDir("state", STATE_DIR), ...userFiles(nova)];
}

export function podBase(owner: Owner) {
  return { uid: UID.nova, placement: resolveService(owner.input.cloud, "nova").placement };
}
