import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Exec } from "../host/exec.ts";
import { DEBIAN_SUITE } from "./script.ts";

/** How this machine reaches Debian's packages. */
export interface DebianAccess {
  readonly sourcesList: string;
  readonly aptConf: string;
}

const DEFAULT_MIRROR = "http://deb.debian.org/debian";
const DEFAULT_SECURITY = "http://deb.debian.org/debian-security";

/** Settings that say how to reach a mirror or a proxy; others of the machine would change what is installed. */
const PASSED_SETTINGS =
  /^Acquire::(Check-Valid-Until|Check-Date|Retries|(http|https)::(Proxy|Proxy-Auto-Detect|Timeout|Verify-Peer|CaInfo)) /i;

const OWN_SETTINGS = `APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
`;

/** Takes the mirror and the proxy that the machine's own apt uses, where it has one. */
export async function debianAccess(exec: Exec, aptFolder = "/etc/apt"): Promise<DebianAccess> {
  const { stdout } = await exec("apt-config", ["dump", "Acquire"]);
  const settings = stdout.split("\n").filter((line) => PASSED_SETTINGS.test(line));
  const { mirror, security } = mirrors(await sources(aptFolder));
  return {
    sourcesList: [
      `deb ${mirror} ${DEBIAN_SUITE} main`,
      `deb ${mirror} ${DEBIAN_SUITE}-updates main`,
      `deb ${security} ${DEBIAN_SUITE}-security main`,
      "",
    ].join("\n"),
    aptConf: OWN_SETTINGS + settings.map((line) => `${line}\n`).join(""),
  };
}

/** The first mirror of Debian and of its security updates that apt's source files name. Pure. */
export function mirrors(text: string): { mirror: string; security: string } {
  const uris = text
    .split("\n")
    .filter((line) => !line.trimStart().startsWith("#"))
    .flatMap((line) => line.match(/https?:\/\/[^\s\]]+/g) ?? [])
    .map((uri) => uri.replace(/\/+$/, ""));
  return {
    mirror: uris.find((uri) => uri.endsWith("/debian")) ?? DEFAULT_MIRROR,
    security: uris.find((uri) => uri.endsWith("/debian-security")) ?? DEFAULT_SECURITY,
  };
}

async function sources(folder: string): Promise<string> {
  const parts = join(folder, "sources.list.d");
  const names = await readdir(parts).catch(() => [] as string[]); // no such folder: no further sources
  const files = [join(folder, "sources.list"), ...names.sort().map((name) => join(parts, name))];
  const texts = await Promise.all(files.map((file) => readFile(file, "utf8").catch(() => ""))); // absent or not ours to read
  return texts.join("\n");
}
