// What makes one cloud another than the next: its secrets' values, keys and ids, as hashes.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { underpin } from "./machine.ts";

/** Each hash with where the value stands; never the value. */
export type Identity = Readonly<Record<string, string>>;

const LISTS = ["user", "project", "role", "service", "endpoint", "network", "subnet", "router", "image", "server"];
/** Shorter values are words, not keys. */
const SHORTEST = 16;
/** What Kubernetes calls the same in every cluster: the group of those who join with a bootstrap token. */
const WORDS = new Set(["auth-extra-groups"]);

/** The identity of the cloud that `underpin` manages now. */
export async function identity(state: string): Promise<Identity> {
  const found: Record<string, string> = {};
  const add = (where: string, value: string): void => {
    if (value.trim().length >= SHORTEST) found[createHash("sha256").update(value.trim()).digest("hex")] = where;
  };
  for (const kind of ["secrets", "configmaps"]) {
    const { items } = JSON.parse(await output("kubectl", "get", kind, "-A", "-o", "json")) as { items: Holder[] };
    for (const { metadata, data } of items) {
      for (const [key, value] of Object.entries(data ?? {})) {
        if (WORDS.has(key)) continue;
        const where = `${metadata.namespace}/${metadata.name}/${key}`;
        if (kind === "secrets") add(where, Buffer.from(value, "base64").toString("latin1"));
        else if (value.includes("BEGIN CERTIFICATE")) add(where, value);
      }
    }
  }
  for (const list of LISTS) {
    for (const id of (await output("openstack", list, "list", "-f", "value", "-c", "ID")).split("\n")) add(list, id);
  }
  const key = join(state, "guest", "id_ed25519");
  if (existsSync(key)) add(key, readFileSync(key, "utf8"));
  return found;
}

interface Holder {
  readonly metadata: { readonly namespace: string; readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
}

/** Standard output of an `underpin` command that must succeed. */
export async function output(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await underpin(args);
  assert.equal(code, 0, `underpin ${args.join(" ")}: ${stderr}`);
  return stdout;
}
