import { MADE_LATER } from "../plan/secrets.ts";
import type { Makers, SecretData, SecretPort } from "./vault.ts";

/**
 * What stands for credentials and certificates that do not exist yet. Two `variant`s differ in nothing but these, so that what
 * depends on one is found by building twice.
 */
export function placeholders(variant: string): Makers {
  const made = (name: string): string => `${MADE_LATER}${variant}:${name}`;
  const pair = (name: string) => ({ certificate: made(`${name}.crt`), privateKey: made(`${name}.key`) });
  return {
    credential: (_kind, name) => made(name),
    authority: () => Promise.resolve(pair("authority")),
    issuer: (authority) =>
      Promise.resolve({
        caCertificate: authority.certificate,
        issue: (request) => Promise.resolve(pair(request.name)),
      }),
  };
}

/** A Secret that would be written. */
export interface RememberedSecret {
  readonly data: SecretData;
  readonly type: string;
}

/** Secrets as they are, and as they would be: what is written is remembered and not sent. */
export class RememberingSecrets implements SecretPort {
  readonly written = new Map<string, RememberedSecret>();
  readonly #read: SecretPort["read"];

  constructor(read: SecretPort["read"]) {
    this.#read = read;
  }

  async read(name: string): Promise<SecretData | undefined> {
    return this.written.get(name)?.data ?? (await this.#read(name));
  }

  write(name: string, data: SecretData, type: string): Promise<void> {
    this.written.set(name, { data, type });
    return Promise.resolve();
  }
}
