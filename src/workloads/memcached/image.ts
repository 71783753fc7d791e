/** memcached alone. */
export const image = {
  name: "memcached",
  users: [{ name: "memcache", id: 42457 }],
  packages: ["memcached"],
  // Only a script for statistics wants Perl, which is four fifths of the image.
  purged: ["perl", "perl-modules-.*", "libperl.*"],
  commands: ["memcached --version"],
  user: "42457",
  entrypoint: ["/usr/bin/memcached"],
};
