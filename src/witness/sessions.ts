import { readFile } from "node:fs/promises";

import { Session } from "../openstack/session.ts";
import type { WitnessConfig } from "./config.ts";

type Role = "member" | "service";

/** The witness' sessions; made anew when a password or the authority changes, so that rotation needs no restart. */
export class Sessions {
  readonly #config: WitnessConfig;
  readonly #held = new Map<Role, { readonly key: string; readonly session: Session }>();

  constructor(config: WitnessConfig) {
    this.#config = config;
  }

  get(role: Role): Session | undefined {
    return this.#held.get(role)?.session;
  }

  /** Reads passwords and authority again. */
  async refresh(): Promise<void> {
    const ca = await readFile(this.#config.caFile, "utf8");
    for (const role of ["member", "service"] as const) {
      const user = this.#config.users[role];
      if (user === undefined) continue;
      const password = (await readFile(user.passwordFile, "utf8")).trim();
      const key = `${password}\n${ca}`;
      const before = this.#held.get(role);
      if (before?.key === key) continue;
      this.#held.set(role, { key, session: this.#session(user.name, password, ca) });
      // What is still open on the old one ends by itself within its timeout.
      if (before !== undefined) setTimeout(() => void before.session.close(), 30_000).unref();
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#held.values()].map(({ session }) => session.close()));
  }

  #session(username: string, password: string, caCertificate: string): Session {
    const { authUrl, region, project } = this.#config;
    return new Session({
      authUrl,
      region,
      project,
      username,
      password,
      caCertificate,
      interface: this.#config.interface ?? "internal",
      keepAlive: false,
      renewRefused: false,
      timeoutMs: 10_000,
    });
  }
}
