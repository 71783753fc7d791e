import { open, readFile } from "node:fs/promises";

/**
 * Whether guests can be run by hardware: the device can be opened, and the processor itself virtualises. The device
 * alone proves nothing: a paravirtual KVM (PVM) offers it on a processor without the extension, and refuses ordinary
 * guests (`failed to set MSR 0x10a`, seen with Linux 6.18 and QEMU 10.0).
 */
export async function kvmUsable(device = "/dev/kvm", cpuinfo = "/proc/cpuinfo"): Promise<boolean> {
  try {
    await (await open(device, "r+")).close();
  } catch {
    return false; // missing or not permitted: guests are emulated then
  }
  return process.arch !== "x64" || virtualises(await readFile(cpuinfo, "utf8"));
}

/** Intel's and AMD's extensions, as the kernel names them in the flags of /proc/cpuinfo. */
export function virtualises(cpuinfo: string): boolean {
  return /^flags\s*:.*\b(vmx|svm)\b/m.test(cpuinfo);
}
