import { writeIni } from "../../oslo/ini.ts";
import type { Manifest } from "../contract.ts";
import { caDir, configDir, contentSecret, secretDir, UID, type Owner } from "../kit/index.ts";
import { pythonJob, scriptText } from "../kit/wsgi.ts";
import { databaseSecret } from "./config.ts";

/**
 * The Job that makes or updates the schemas and the cells. It reads a configuration of its own, with nothing but the
 * databases, so that no other option runs it again.
 */
export function databaseJob(owner: Owner): readonly Manifest[] {
  const secret = contentSecret(owner, "nova-db", { "20-secret.conf": writeIni(databaseSecret(owner.input)) });
  const job = pythonJob(owner, {
    uid: UID.nova,
    files: { "db.py": scriptText(import.meta.url, "db.py") },
    mounted: [secretDir("config", secret.metadata.name, configDir("nova")), caDir()],
  });
  return [secret, ...job];
}
