import { chmod, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Document, isMap, parseDocument } from "yaml";

/** An entry of `clouds.yaml` (openstacksdk, "Configuring OpenStack SDK Applications"). */
export interface CloudEntry {
  readonly name: string;
  readonly authUrl: string;
  readonly username: string;
  readonly password: string;
  readonly project: string;
  readonly region: string;
  /** PEM of the authority, kept in a file beside. */
  readonly caCertificate: string;
}

/** A `clouds.yaml` that cannot be read: it is left as it is. */
export class CloudsYamlError extends Error {
  constructor(path: string, reason: string) {
    super(
      `${path} cannot be changed: ${reason}. Mend or move the file, then run the command again; it was left as it is.`,
    );
    this.name = "CloudsYamlError";
  }
}

/** Folder of the user's OpenStack configuration. */
export function openstackConfigFolder(env: NodeJS.ProcessEnv, home: string): string {
  return join(env["XDG_CONFIG_HOME"] ?? join(home, ".config"), "openstack");
}

/**
 * Writes the entry and its authority's certificate; other entries and comments stay. Writes nothing when all is there.
 * Answers whether something was written. Throws CloudsYamlError.
 */
export async function writeCloudEntry(folder: string, entry: CloudEntry): Promise<boolean> {
  const path = join(folder, "clouds.yaml");
  const caPath = join(folder, `${entry.name}-ca.crt`);
  const before = await readOptional(path);
  const document = before === undefined ? new Document({ clouds: {} }) : parse(path, before);
  document.setIn(["clouds", entry.name], {
    auth: {
      auth_url: entry.authUrl,
      username: entry.username,
      password: entry.password,
      project_name: entry.project,
      user_domain_name: "Default",
      project_domain_name: "Default",
    },
    region_name: entry.region,
    interface: "public",
    identity_api_version: 3,
    cacert: caPath,
  });
  const wrote = await Promise.all([
    replace(path, document.toString(), before),
    replace(caPath, entry.caCertificate, await readOptional(caPath)),
  ]);
  return wrote.includes(true);
}

/** Takes the entry and its certificate out again. Answers whether the entry was there. */
export async function removeCloudEntry(folder: string, name: string): Promise<boolean> {
  await rm(join(folder, `${name}-ca.crt`), { force: true });
  const path = join(folder, "clouds.yaml");
  const before = await readOptional(path);
  if (before === undefined) return false;
  const document = parse(path, before);
  if (!document.deleteIn(["clouds", name])) return false;
  await replace(path, document.toString(), before);
  return true;
}

function parse(path: string, text: string): Document {
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error !== undefined) throw new CloudsYamlError(path, error.message.split("\n")[0] ?? "not YAML");
  if (document.contents === null) return new Document({ clouds: {} });
  if (!isMap(document.contents)) throw new CloudsYamlError(path, "its top is not a map");
  const clouds: unknown = document.get("clouds");
  if (clouds !== undefined && clouds !== null && !isMap(clouds))
    throw new CloudsYamlError(path, "`clouds` is not a map");
  return document;
}

async function readOptional(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Whole or not at all, and readable by the owner only: the file holds passwords. */
async function replace(path: string, text: string, before: string | undefined): Promise<boolean> {
  if (text === before) return false;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const next = `${path}.underpin-${process.pid}`;
  await writeFile(next, text, { mode: 0o600 });
  await chmod(next, 0o600);
  await rename(next, path);
  return true;
}
