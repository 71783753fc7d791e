/** memcached alone. */
export const image = {
  name: "memcached",
  users: [{ name: "memcache", id: 42457 }],
  packages: ["memcached"],
  // Only a script for statistics wants Perl, which is four fifths of the image.
  commands: [
    "dpkg --purge --force-depends $(dpkg-query -W -f '${Package}\n' | grep -E '^(perl|perl-modules-.*|libperl.*)$')",
    "memcached --version",
  ],
  user: "42457",
  entrypoint: ["/usr/bin/memcached"],
};
