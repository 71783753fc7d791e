import { open } from "node:fs/promises";

/** Whether this machine gives hardware virtualisation: the device can be opened for reading and writing. */
export async function kvmUsable(device = "/dev/kvm"): Promise<boolean> {
  try {
    await (await open(device, "r+")).close();
    return true;
  } catch {
    return false; // missing or not permitted: guests are emulated then
  }
}
