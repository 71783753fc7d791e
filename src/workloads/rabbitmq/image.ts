/** RabbitMQ on Debian's Erlang. The cookie that the package makes is removed: each cloud has its own. */
export const image = {
  name: "rabbitmq",
  users: [{ name: "rabbitmq", id: 42439, home: "/var/lib/rabbitmq" }],
  packages: ["rabbitmq-server"],
  // Only rabbitmqadmin, a client of the management API, is written in Python.
  purged: ["python3.*", "libpython3.*"],
  commands: [
    "rm -rf /var/lib/rabbitmq /var/log/rabbitmq",
    "install -d -o 42439 -g 42439 /var/lib/rabbitmq /etc/rabbitmq",
    "test -x /usr/lib/rabbitmq/bin/rabbitmq-server",
  ],
  env: {
    PATH: "/usr/lib/rabbitmq/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: "/var/lib/rabbitmq",
  },
  user: "42439",
};
