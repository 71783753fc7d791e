// The services' databases and users as SQL. It holds hashes, not passwords, and still goes into a Secret.
import { createHash } from "node:crypto";
import type { BuildInput } from "../contract.ts";
import { credential, CA_FILE, serviceHost } from "../kit/index.ts";

/** Databases by service; the service's one user, of the same name, reaches these and no others. */
const DATABASES: Readonly<Record<string, readonly string[]>> = {
  glance: ["glance"],
  keystone: ["keystone"],
  neutron: ["neutron"],
  nova: ["nova_api", "nova", "nova_cell0"],
  placement: ["placement"],
};

/** What reading, writing and the migrations of a schema need; not granting to others, files, events or routines. */
const PRIVILEGES =
  "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, REFERENCES, CREATE TEMPORARY TABLES, LOCK TABLES, CREATE VIEW, SHOW VIEW, TRIGGER";

/** Users who exist before anybody connects: run by the server itself at each start, so a new root password needs no old one. */
export function initSql(input: BuildInput): string {
  const root = passwordHash(credential(input, "mariadb-root", "password"));
  return [
    ...user("root", root),
    "GRANT ALL PRIVILEGES ON *.* TO 'root'@'%' WITH GRANT OPTION;",
    // Made by the server's packages, for whoever is root on the machine: in the container nobody is.
    "DROP USER IF EXISTS 'root'@'localhost';",
    "",
  ].join("\n");
}

/** Databases, users and grants of all enabled services. Repeatable; a changed password is set. */
export function accountsSql(input: BuildInput): string {
  return services(input)
    .flatMap((service) => [
      ...(DATABASES[service] ?? []).map(
        (name) => `CREATE DATABASE IF NOT EXISTS \`${name}\` CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci;`,
      ),
      ...user(service, passwordHash(credential(input, `${service}-database`, "password"))),
      ...(DATABASES[service] ?? []).map((name) => `GRANT ${PRIVILEGES} ON \`${pattern(name)}\`.* TO '${service}'@'%';`),
    ])
    .map((line) => `${line}\n`)
    .join("");
}

/** Option file of the accounts Job's client: the password never stands in an environment or a command line. */
export function clientConfig(input: BuildInput): string {
  const password = credential(input, "mariadb-root", "password");
  return `[client]
host = ${serviceHost(input, "mariadb")}
user = root
password = "${password.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"
ssl-ca = ${CA_FILE}
ssl-verify-server-cert
`;
}

function services(input: BuildInput): readonly string[] {
  return Object.keys(DATABASES).filter((name) => input.cloud.spec.services[name]?.enabled === true);
}

function user(name: string, hash: string): readonly string[] {
  const identity = `'${name}'@'%' IDENTIFIED VIA mysql_native_password USING '${hash}' REQUIRE SSL`;
  return [`CREATE USER IF NOT EXISTS ${identity};`, `ALTER USER ${identity};`];
}

/** The server's own form of a password: `*` and the upper-case SHA-1 of its SHA-1. https://mariadb.com/kb/en/authentication-plugin-mysql_native_password/ */
export function passwordHash(password: string): string {
  const once = createHash("sha1").update(password, "utf8").digest();
  return `*${createHash("sha1").update(once).digest("hex").toUpperCase()}`;
}

/** In a grant `_` means any character. */
function pattern(database: string): string {
  return database.replaceAll("_", "\\_");
}
