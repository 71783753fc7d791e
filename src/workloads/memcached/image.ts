/** memcached alone. */
export const image = {
  name: "memcached",
  users: [{ name: "memcache", id: 42457 }],
  packages: ["memcached"],
  user: "42457",
  entrypoint: ["/usr/bin/memcached"],
};
