import { type Rule, unless } from "./rule.ts";
import { SERVICE_NEEDS } from "./services.ts";

// What the resource can say and this version cannot do yet: it is refused, not ignored.

const backends = ["database", "messaging"].map((part): Rule => ({
  code: "unsupported",
  at: `spec.${part}`,
  field: "type",
  cel: "!has(self.type) || self.type == 'Managed'",
  message: "This version of Underpin only runs its own. Example: type: Managed",
  judge: (self: { type?: string }) => unless((self.type ?? "Managed") === "Managed"),
}));

const others: readonly Rule[] = [
  {
    code: "unsupported",
    at: "spec.images",
    field: "pullSecrets",
    cel: "!has(self.pullSecrets) || self.pullSecrets.size() == 0",
    message:
      "This version of Underpin pulls without credentials: its images are on the nodes. Example: leave pullSecrets out",
    judge: (self: { pullSecrets?: readonly unknown[] }) => unless((self.pullSecrets ?? []).length === 0),
  },
  {
    code: "unsupported",
    at: "spec.change",
    field: "approval",
    cel: "!has(self.approval) || self.approval == 'Automatic'",
    message: "This version of Underpin makes changes without waiting for an approval. Example: approval: Automatic",
    judge: (self: { approval?: string }) => unless((self.approval ?? "Automatic") === "Automatic"),
  },
  {
    code: "unsupported",
    at: "spec.network",
    field: "tunnelCIDR",
    cel: "!has(self.tunnelCIDR)",
    message:
      "This version of Underpin runs tunnels between the nodes' internal addresses. Example: leave tunnelCIDR out",
    judge: (self: { tunnelCIDR?: string }) => unless(self.tunnelCIDR === undefined),
  },
  {
    code: "unsupported",
    at: "spec.compute.pools.*",
    field: "devices",
    cel: "!has(self.devices) || self.devices.size() == 0",
    message: "This version of Underpin passes no devices to guests. Example: leave devices out",
    judge: (self: { devices?: readonly unknown[] }) => unless((self.devices ?? []).length === 0),
  },
];

type Services = Readonly<Record<string, { readonly enabled?: boolean } | undefined>>;

/** A service whose `spec.ts` says that it needs another runs only with it. */
const needs = Object.entries(SERVICE_NEEDS).flatMap(([service, list]) =>
  list.map((needed): Rule => ({
    code: "needs-service",
    at: "spec.services",
    field: `${needed}.enabled`,
    cel: `${off(service)} || !${off(needed)}`,
    message: `${service} needs ${needed}. Example: {${service}: {enabled: false}, ${needed}: {enabled: false}}`,
    judge: (self: Services) => unless(self[service]?.enabled === false || self[needed]?.enabled !== false),
  })),
);

/** That a service is switched off, in CEL. */
function off(service: string): string {
  return `(has(self.${service}) && has(self.${service}.enabled) && !self.${service}.enabled)`;
}

export const LIMIT_RULES: readonly Rule[] = [...backends, ...others, ...needs];
