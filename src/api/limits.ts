import { type Rule, unless } from "./rule.ts";
import { ENABLED_BY_DEFAULT, REQUIRED_SERVICES, SERVICE_NAMES, SERVICE_NEEDS } from "./services.ts";

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

/** A service that every Cloud has, or that another one's `spec.ts` says it needs, is not switched off alone. */
const needs = SERVICE_NAMES.flatMap((service): Rule[] => {
  const users = SERVICE_NAMES.filter((name) => SERVICE_NEEDS[name]?.includes(service));
  if (REQUIRED_SERVICES.includes(service)) return [requiredRule(service)];
  return users.length === 0 ? [] : [neededRule(service, users)];
});

function requiredRule(service: string): Rule {
  return {
    code: "needs-service",
    at: "spec.services",
    field: `${service}.enabled`,
    cel: `!${off(service)}`,
    message: `Every Cloud has ${service}: nobody can log in without it. Example: {${service}: {enabled: true}}`,
    judge: (self: Services) => unless(!isOff(self, service)),
  };
}

function neededRule(service: string, users: readonly string[]): Rule {
  const example = [service, ...users].map((name) => `${name}: {enabled: false}`).join(", ");
  return {
    code: "needs-service",
    at: "spec.services",
    field: `${service}.enabled`,
    cel: `!${off(service)} || ${users.map(off).join(" && ")}`,
    message: `${users.join(", ")} cannot work without ${service}. Example: {${example}}`,
    judge: (self: Services) => unless(!isOff(self, service) || users.every((name) => isOff(self, name))),
  };
}

/** That a service is switched off, in CEL. */
function off(service: string): string {
  const said = `has(self.${service}) && has(self.${service}.enabled) && `;
  return ENABLED_BY_DEFAULT[service] === true
    ? `(${said}!self.${service}.enabled)`
    : `!(${said}self.${service}.enabled)`;
}

function isOff(services: Services, service: string): boolean {
  return (services[service]?.enabled ?? ENABLED_BY_DEFAULT[service]) !== true;
}

export const LIMIT_RULES: readonly Rule[] = [...backends, ...others, ...needs];
