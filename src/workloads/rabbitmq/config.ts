import { readFileSync } from "node:fs";
import type { Profile } from "../../api/cloud.ts";
import type { Data } from "../kit/index.ts";

export const CONFIG_DIR = "/etc/underpin/rabbitmq";
export const SECRET_DIR = "/etc/underpin/rabbitmq-secret";
export const TLS_DIR = "/etc/underpin/tls";

/** Memory at which publishers are made to wait, in MiB. */
const WATERMARK_MIB: Readonly<Record<Profile, number>> = { Minimal: 512, Standard: 1024, Large: 4096 };
/** Erlang's schedulers: processor cores that the bus may use at once. */
export const SCHEDULERS: Readonly<Record<Profile, string>> = { Minimal: "1:1", Standard: "2:2", Large: "4:4" };

/** Scripts and configuration, without secrets. */
export function serverFiles(profile: Profile): Data {
  return {
    "rabbitmq.conf": serverConfig(profile),
    enabled_plugins: "[].\n",
    "start.sh": script("start.sh"),
    "ready.sh": script("ready.sh"),
  };
}

function script(name: string): string {
  return readFileSync(new URL(`./scripts/${name}`, import.meta.url), "utf8");
}

function serverConfig(profile: Profile): string {
  return `# Clients come by TLS alone; the plain listener is for the probe and reaches no further than the pod.
listeners.ssl.default = 5671
listeners.tcp.local = 127.0.0.1:5672
ssl_options.cacertfile = ${TLS_DIR}/ca.crt
ssl_options.certfile = ${TLS_DIR}/tls.crt
ssl_options.keyfile = ${TLS_DIR}/tls.key
ssl_options.verify = verify_none
ssl_options.fail_if_no_peer_cert = false
ssl_options.versions.1 = tlsv1.3
ssl_options.versions.2 = tlsv1.2
load_definitions = ${SECRET_DIR}/definitions.json
vm_memory_high_watermark.absolute = ${WATERMARK_MIB[profile]}MiB
disk_free_limit.absolute = 100MB
# The write-ahead log of quorum queues is allocated at once; its default is 512 MiB.
raft.wal_max_size_bytes = 67108864
log.console = true
log.console.level = info
# Every connection would be told, the probe's too.
log.connection.level = error
`;
}
