import type { BuildInput } from "../contract.ts";
import { cloudNamespace } from "./names.ts";
import { CA_FILE } from "./objects.ts";

/** Full name of a Service in the Cloud's namespace. Short names would be asked of the upstream resolver too, which costs seconds. */
export function serviceHost(input: BuildInput, service: string, namespace: string = cloudNamespace(input)): string {
  return `${service}.${namespace}.svc.${input.facts.clusterDomain}`;
}

/** URL of an API by the gateway, as pods inside the cluster use it; `path` starts with a slash. */
export function internalUrl(input: BuildInput, path: string): string {
  return `https://${serviceHost(input, "gateway")}${path}`;
}

/** URL of an API as users reach it. */
export function publicUrl(input: BuildInput, path: string): string {
  return `https://${input.facts.publicEndpoint}${path}`;
}

/** URL of a database for SQLAlchemy, with the server's certificate checked. Holds a password: for the secret layer only. */
export function databaseUrl(input: BuildInput, user: string, database: string): string {
  const password = encodeURIComponent(credential(input, `${user}-database`, "password"));
  return `mysql+pymysql://${user}:${password}@${serviceHost(input, "mariadb")}/${database}?charset=utf8mb4&ssl_ca=${CA_FILE}`;
}

/** URL of the message bus: the service's own user and virtual host. Holds a password: for the secret layer only. */
export function transportUrl(input: BuildInput, user: string): string {
  const password = encodeURIComponent(credential(input, `${user}-messaging`, "password"));
  return `rabbit://${user}:${password}@${serviceHost(input, "rabbitmq")}:5671/${user}`;
}

/** Value of a generated secret. @throws Error when the workload did not ask for it in `credentials` */
export function credential(input: BuildInput, name: string, key: string): string {
  const value = input.facts.credentials[name]?.[key];
  if (value === undefined)
    throw new Error(`Secret ${name} with key ${key} is not among the facts; a workload must request it`);
  return value;
}
