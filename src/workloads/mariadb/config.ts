import { readFileSync } from "node:fs";
import type { Profile } from "../../api/cloud.ts";
import type { Data } from "../kit/index.ts";

/** Where the server and the accounts Job find their files. */
export const CONFIG_DIR = "/etc/underpin/mariadb";
export const INIT_DIR = "/etc/underpin/mariadb-init";
export const ACCOUNTS_DIR = "/etc/underpin/accounts";
export const TLS_DIR = "/etc/underpin/tls";

/** What the server keeps of tables and indexes in memory, in MiB: the greater part of its size. */
const POOL_MIB: Readonly<Record<Profile, number>> = { Minimal: 256, Standard: 1024, Large: 8192 };
const CONNECTIONS: Readonly<Record<Profile, number>> = { Minimal: 500, Standard: 2000, Large: 8000 };

/** Memory that the pod asks for: the pool and what comes with it. */
export function memoryRequest(profile: Profile): string {
  return `${POOL_MIB[profile] + 64}Mi`;
}

/** Scripts and configuration of the server, without secrets. */
export function serverFiles(profile: Profile): Data {
  return { "my.cnf": serverConfig(profile), "start.sh": script("start.sh"), "query.sh": script("query.sh") };
}

export function script(name: string): string {
  return readFileSync(new URL(`./scripts/${name}`, import.meta.url), "utf8");
}

function serverConfig(profile: Profile): string {
  return `[mariadbd]
datadir = /var/lib/mysql/data
socket = /run/mysqld/mysqld.sock
pid-file = /run/mysqld/mysqld.pid
tmpdir = /tmp
bind-address = *
port = 3306
# Nobody is known by a host's name, and a lookup would wait for DNS.
skip-name-resolve
character-set-server = utf8mb4
collation-server = utf8mb4_general_ci
max-connections = ${CONNECTIONS[profile]}
max-allowed-packet = 64M
innodb-buffer-pool-size = ${POOL_MIB[profile]}M
innodb-log-file-size = 64M
# On since 11.6.2; a write after somebody else's is refused then (1020), and oslo.db repeats only deadlocks.
innodb-snapshot-isolation = OFF
ssl-ca = ${TLS_DIR}/ca.crt
ssl-cert = ${TLS_DIR}/tls.crt
ssl-key = ${TLS_DIR}/tls.key
tls-version = TLSv1.2,TLSv1.3
require-secure-transport = ON
[client]
socket = /run/mysqld/mysqld.sock
skip-ssl
`;
}
