import { isNotFound, OpenStackError } from "./error.ts";
import type { Service, Session } from "./session.ts";

/** What all resources have. */
export interface Resource {
  readonly id: string;
  readonly name: string;
}

interface Shape {
  readonly service: Service;
  readonly path: string;
  /** The key around one in a body; glance uses none. */
  readonly one?: string;
  /** The key around a list. */
  readonly many: string;
  /** Path of the list where it is another one: nova's lists of names alone are of no use. */
  readonly listPath?: string;
  readonly update?: "PATCH" | "PUT";
  /** false where the API refuses a list by name: then the whole list is read. */
  readonly byName?: false;
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;
type Body = Readonly<Record<string, unknown>>;

/** One kind of resource of one API: the calls that all kinds have. */
export class Collection<T extends { readonly id: string } = Resource> {
  readonly #shape: Shape;
  constructor(shape: Shape) {
    this.#shape = shape;
  }

  /** All that match, of all pages. */
  async list(session: Session, query: Query = {}): Promise<T[]> {
    const { service, path, listPath = path, many } = this.#shape;
    const found: T[] = [];
    let page: Query | undefined = query;
    while (page !== undefined) {
      const body: Body = await session.json<Body>({ service, method: "GET", path: listPath, query: page });
      const items = body[many];
      if (!Array.isArray(items)) throw this.#unexpected("GET", listPath, `no list "${many}"`);
      found.push(...(items as T[]));
      page = nextPage(body, many, query);
    }
    return found;
  }

  /** The only one of this name, or undefined. Throws when there are several: which is meant cannot be known. */
  async find(session: Session, name: string, query: Query = {}): Promise<T | undefined> {
    const filter = this.#shape.byName === false ? query : { ...query, name };
    const found = (await this.list(session, filter)).filter((item) => (item as unknown as Resource).name === name);
    if (found.length > 1) throw this.#unexpected("GET", this.#shape.path, `${found.length} are called "${name}"`);
    return found[0];
  }

  /** Undefined when there is none of this id. */
  async show(session: Session, id: string): Promise<T | undefined> {
    const { service, path } = this.#shape;
    try {
      return this.#unwrap(
        await session.json<Body>({ service, method: "GET", path: `${path}/${encodeURIComponent(id)}` }),
      );
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async create(session: Session, fields: Body): Promise<T> {
    const { service, path } = this.#shape;
    return this.#unwrap(await session.json<Body>({ service, method: "POST", path, json: this.#wrap(fields) }));
  }

  async update(session: Session, id: string, fields: Body): Promise<T> {
    const { service, path, update = "PATCH" } = this.#shape;
    const json = this.#wrap(fields);
    return this.#unwrap(await session.json<Body>({ service, method: update, path: `${path}/${id}`, json }));
  }

  /** One that is gone already counts as deleted. */
  async delete(session: Session, id: string): Promise<void> {
    const { service, path } = this.#shape;
    try {
      await session.request({ service, method: "DELETE", path: `${path}/${encodeURIComponent(id)}` });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  #wrap(fields: Body): Body {
    return this.#shape.one === undefined ? fields : { [this.#shape.one]: fields };
  }

  #unwrap(body: Body): T {
    const { one, path } = this.#shape;
    const item = one === undefined ? body : body[one];
    if (typeof item !== "object" || item === null) throw this.#unexpected("GET", path, `no "${one}" in the answer`);
    return item as T;
  }

  #unexpected(method: string, path: string, message: string): OpenStackError {
    return new OpenStackError({ service: this.#shape.service, method, path, status: 200, message });
  }
}

/** Glance links with `next`, nova and neutron with `<many>_links`: each carries the marker of the next page. */
function nextPage(body: Body, many: string, query: Query): Query | undefined {
  const links = body[`${many}_links`];
  const linked = Array.isArray(links)
    ? (links as { rel: string; href: string }[]).find((link) => link.rel === "next")?.href
    : undefined;
  const next = linked ?? (typeof body["next"] === "string" ? body["next"] : undefined);
  const marker = next === undefined ? undefined : new URL(next, "http://page").searchParams.get("marker");
  return marker === undefined || marker === null ? undefined : { ...query, marker };
}
