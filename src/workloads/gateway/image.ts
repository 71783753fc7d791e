/** HAProxy. Its package insists on a user `haproxy` with a system's number; we run it as our own. */
export const image = {
  name: "gateway",
  users: [{ name: "gateway", id: 42454 }],
  packages: ["ca-certificates", "haproxy"],
  user: "42454",
};
