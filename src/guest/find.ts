import type { Collection, Query, Resource } from "../openstack/resource.ts";
import type { Session } from "../openstack/session.ts";

/** A resource that there has to be once. */
export interface Wanted<T extends Resource> {
  readonly kind: string;
  readonly collection: Collection<T>;
  readonly name: string;
  readonly query?: Query;
  /** What it is made with, beside its name. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The only one of this name, made when it is missing; `changed` is told what was made. */
export async function findOrCreate<T extends Resource>(
  session: Session,
  wanted: Wanted<T>,
  changed: string[],
): Promise<T> {
  const found = await wanted.collection.find(session, wanted.name, wanted.query);
  return found ?? createWanted(session, wanted, changed);
}

/** Makes it, though there may be one already; `changed` is told. */
export async function createWanted<T extends Resource>(
  session: Session,
  { kind, collection, name, fields }: Wanted<T>,
  changed: string[],
): Promise<T> {
  const made = await collection.create(session, { name, ...fields });
  changed.push(`created ${kind} ${name}`);
  return made;
}
