/** The base of every image: Debian's required packages, and certificates. */
export const image = {
  name: "debian",
  from: null,
  env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LANG: "C.UTF-8" },
  removals: ["/var/lib/dpkg/*-old", "/etc/*-"],
};
