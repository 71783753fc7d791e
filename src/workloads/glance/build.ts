import { ownFields } from "../../api/cloud.ts";
import type { IniData } from "../../oslo/ini.ts";
import type { BuildInput, Manifest } from "../contract.ts";
import { claimDir, persistentVolumeClaim, UID, type Owner } from "../kit/index.ts";
import { tokenApi } from "../kit/token-api.ts";
import { fields } from "./spec.ts";

const DATA_DIR = "/var/lib/glance";
const CLAIM = "glance-images";

const BASE: IniData = {
  DEFAULT: { enabled_backends: { local: "file" } },
  glance_store: { default_backend: "local" },
  local: { filesystem_store_datadir: `${DATA_DIR}/images` },
  os_glance_staging_store: { filesystem_store_datadir: `${DATA_DIR}/staging` },
  os_glance_tasks_store: { filesystem_store_datadir: `${DATA_DIR}/tasks` },
  oslo_concurrency: { lock_path: "/tmp" },
  paste_deploy: { flavor: "keystone", config_file: "/opt/openstack/etc/glance/glance-api-paste.ini" },
};

/** All objects of glance; none when it is disabled. */
export function build(input: BuildInput): readonly Manifest[] {
  const owner: Owner = { input, workload: "glance", name: "glance" };
  return tokenApi(input, "glance", {
    from: import.meta.url,
    uid: UID.glance,
    port: 9292,
    health: "/healthcheck",
    databaseGroup: "database",
    base: [BASE],
    objects: [persistentVolumeClaim(owner, CLAIM, ownFields(input.cloud, "glance", fields).storage)],
    mounted: [claimDir("images", CLAIM, DATA_DIR)],
    resources: { requests: { cpu: "20m", memory: "160Mi" } },
    // Somebody's image may be on its way.
    graceSeconds: 300,
  });
}
