/** HAProxy. */
export const image = {
  name: "gateway",
  users: [{ name: "haproxy", id: 42454, home: "/var/lib/haproxy" }],
  packages: ["ca-certificates", "haproxy"],
  user: "42454",
};
