import type { Session } from "./session.ts";

export interface ResourceProvider {
  readonly uuid: string;
  readonly name: string;
  readonly generation: number;
}

/** Needs the role admin (or service). */
export async function listResourceProviders(session: Session, name?: string): Promise<ResourceProvider[]> {
  const body = await session.json<{ resource_providers: ResourceProvider[] }>({
    service: "placement",
    method: "GET",
    path: "/resource_providers",
    query: { name },
  });
  return body.resource_providers;
}
