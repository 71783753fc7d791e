import type { Collection, Query, Resource } from "../openstack/resource.ts";
import type { Session } from "../openstack/session.ts";

/** The only one of this name, made when it is missing; `changed` is told what was made. */
export async function findOrCreate<T extends Resource>(
  session: Session,
  wanted: {
    kind: string;
    collection: Collection<T>;
    name: string;
    query?: Query;
    fields: Readonly<Record<string, unknown>>;
  },
  changed: string[],
): Promise<T> {
  const { kind, collection, name, query, fields } = wanted;
  const found = await collection.find(session, name, query);
  if (found !== undefined) return found;
  const made = await collection.create(session, { name, ...fields });
  changed.push(`created ${kind} ${name}`);
  return made;
}
