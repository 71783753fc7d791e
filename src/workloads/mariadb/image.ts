/** MariaDB's server and client, without the scripts and services that Debian puts around them. */
export const image = {
  name: "mariadb",
  users: [{ name: "mysql", id: 42434, home: "/var/lib/mysql" }],
  packages: ["mariadb-client-core", "mariadb-server-core"],
  commands: [
    "rm -rf /var/lib/mysql /var/log/mysql",
    "install -d -o 42434 -g 42434 /var/lib/mysql",
    "mariadbd --version && command -v mariadb-install-db mariadb mariadb-admin",
  ],
  user: "42434",
};
