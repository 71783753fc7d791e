// The services' users and virtual hosts, in the form that RabbitMQ loads at each start: hashes, not passwords.
import { createHash, createHmac } from "node:crypto";
import type { BuildInput } from "../contract.ts";
import { credential } from "../kit/index.ts";

/** Services that use the message bus; each has a user and a virtual host of its name. */
const SERVICES = ["neutron", "nova"] as const;

export function definitions(input: BuildInput): string {
  const names = SERVICES.filter((name) => input.cloud.spec.services[name]?.enabled === true);
  const all = { configure: ".*", write: ".*", read: ".*" };
  const content = {
    vhosts: names.map((name) => ({ name, metadata: { description: name, tags: [] } })),
    users: names.map((name) => user(input, name)),
    permissions: names.map((name) => ({ user: name, vhost: name, ...all })),
    topic_permissions: [],
    parameters: [],
    global_parameters: [],
    policies: [],
    queues: [],
    exchanges: [],
    bindings: [],
  };
  return `${JSON.stringify(content, undefined, 1)}\n`;
}

function user(input: BuildInput, name: string) {
  const salt = createHmac("sha256", credential(input, "rabbitmq-cookie", "cookie"))
    .update(name)
    .digest()
    .subarray(0, 4);
  return {
    name,
    password_hash: passwordHash(credential(input, `${name}-messaging`, "password"), salt),
    hashing_algorithm: "rabbit_password_hashing_sha256",
    tags: [],
    limits: {},
  };
}

/**
 * RabbitMQ's salted SHA-256 of a password: base64 of the salt (four bytes) and the digest of salt and password.
 * https://www.rabbitmq.com/docs/passwords#computing-password-hash
 */
export function passwordHash(password: string, salt: Uint8Array): string {
  const digest = createHash("sha256").update(salt).update(password, "utf8").digest();
  return Buffer.concat([salt, digest]).toString("base64");
}
