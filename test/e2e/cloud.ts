// The cloud that end-to-end tests use: the entry of clouds.yaml that UNDERPIN_E2E_CLOUD names.
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { Session, type SessionOptions } from "../../src/openstack/session.ts";

interface Entry {
  readonly auth: {
    readonly auth_url: string;
    readonly username: string;
    readonly password: string;
    readonly project_name: string;
  };
  readonly region_name?: string;
  readonly cacert?: string;
}

const NAME = process.env["UNDERPIN_E2E_CLOUD"];

/** Why tests that need a cloud are skipped; false when there is one. */
export const skip: string | false = NAME === undefined ? "UNDERPIN_E2E_CLOUD names no entry of clouds.yaml" : false;

/** How the administrator gets into the cloud. */
export function administrator(): SessionOptions {
  const folder = join(process.env["XDG_CONFIG_HOME"] ?? join(homedir(), ".config"), "openstack");
  const file = process.env["OS_CLIENT_CONFIG_FILE"] ?? join(folder, "clouds.yaml");
  const { clouds } = parse(readFileSync(file, "utf8")) as { clouds: Readonly<Record<string, Entry>> };
  const entry = clouds[NAME ?? ""];
  if (entry === undefined) throw new Error(`${file} has no cloud "${NAME}"`);
  return {
    authUrl: entry.auth.auth_url,
    username: entry.auth.username,
    password: entry.auth.password,
    project: entry.auth.project_name,
    ...(entry.region_name === undefined ? {} : { region: entry.region_name }),
    ...(entry.cacert === undefined ? {} : { caCertificate: readFileSync(entry.cacert, "utf8") }),
  };
}

/** A session that lets so many writes through and fails afterwards. */
export function cutOff(session: Session, writes: number): Session {
  const cut = new Session(session.options);
  let left = writes;
  const request = cut.request.bind(cut);
  cut.request = async (call) => {
    if (call.method !== "GET" && (left -= 1) < 0) throw new Error("cut off");
    return request(call);
  };
  return cut;
}
