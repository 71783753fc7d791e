// The file of a service's options: a line that says where everything is, then an option a line, grouped and in order.
import { z } from "zod";
import type { Catalogue, CatalogueHead, CatalogueOption, OptionName } from "../oslo/catalogue.ts";

const nameSchema = z.strictObject({ group: z.string(), name: z.string() });

const indexSchema = z.strictObject({
  release: z.string(),
  service: z.string(),
  image: z.string(),
  components: z.array(z.string()),
  dynamic: z.array(
    z.strictObject({ listedIn: nameSchema, like: z.string(), prefix: z.string().optional() }),
  ),
  /** Bytes of each group's lines, in the order in which they follow each other. */
  groups: z.record(z.string(), z.number()),
  /** Older name and today's: group, name, group, name. */
  older: z.array(z.tuple([z.string(), z.string(), z.string(), z.string()])),
});

const NEWLINE = 0x0a;

/** The text of a catalogue's file: equal options are equal text, whatever their order. */
export function catalogueText(head: CatalogueHead, options: readonly CatalogueOption[]): string {
  const byGroup = Map.groupBy(options, ({ group }) => group);
  const groups = [...byGroup.keys()].toSorted(groupOrder).map((group) => {
    const lines = (byGroup.get(group) ?? []).toSorted(byName).map((option) => `${JSON.stringify(ordered(option))}\n`);
    return [group, lines.join("")] as const;
  });
  const index: z.input<typeof indexSchema> = {
    release: head.release,
    service: head.service,
    image: head.image,
    components: [...head.components],
    dynamic: [...head.dynamic],
    groups: Object.fromEntries(groups.map(([group, text]) => [group, Buffer.byteLength(text)])),
    older: olderNames(options),
  };
  return `${JSON.stringify(index)}\n${groups.map(([, text]) => text).join("")}`;
}

/** `DEFAULT` first, as in the files of the services. */
function groupOrder(left: string, right: string): number {
  return Number(right === "DEFAULT") - Number(left === "DEFAULT") || compare(left, right);
}

function byName(left: OptionName, right: OptionName): number {
  return compare(left.name, right.name);
}

function compare(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}

const KEYS = [
  "group",
  "name",
  "type",
  "multi",
  "default",
  "fromMachine",
  "sampleDefault",
  "secret",
  "mutable",
  "advanced",
  "required",
  "deprecated",
  "olderNames",
  "namespaces",
  "readBy",
  "help",
] as const satisfies readonly (keyof CatalogueOption)[];

function ordered(option: CatalogueOption): Record<string, unknown> {
  return Object.fromEntries(KEYS.map((key) => [key, option[key]]));
}

function olderNames(options: readonly CatalogueOption[]): [string, string, string, string][] {
  const names = options.flatMap(({ group, name, olderNames: older = [] }) =>
    older.map((from): [string, string, string, string] => [from.group, from.name, group, name]),
  );
  return names.toSorted((left, right) => compare(left.join("\0"), right.join("\0")));
}

/**
 * Reads the file of a catalogue; a group's options are parsed when they are first asked for.
 * @throws an Error of JSON or of the schema when the bytes are no catalogue
 */
export function parseCatalogue(bytes: Buffer): Catalogue {
  const end = bytes.indexOf(NEWLINE);
  const { groups, older, ...head } = indexSchema.parse(JSON.parse(bytes.toString("utf8", 0, Math.max(end, 0))));
  const places = new Map<string, { readonly start: number; readonly end: number }>();
  let start = end + 1;
  for (const [group, length] of Object.entries(groups)) {
    places.set(group, { start, end: start + length });
    start += length;
  }
  if (start !== bytes.length) throw new Error(`the groups end at byte ${start}, the file at ${bytes.length}`);
  return new IndexedCatalogue(head as CatalogueHead, { bytes, places, older });
}

interface Contents {
  readonly bytes: Buffer;
  readonly places: ReadonlyMap<string, { readonly start: number; readonly end: number }>;
  readonly older: readonly (readonly [string, string, string, string])[];
}

type Group = ReadonlyMap<string, CatalogueOption>;

class IndexedCatalogue implements Catalogue {
  readonly release: string;
  readonly service: string;
  readonly image: string;
  readonly components: CatalogueHead["components"];
  readonly dynamic: CatalogueHead["dynamic"];
  readonly groups: readonly string[];
  readonly #contents: Contents;
  readonly #parsed = new Map<string, Group>();
  /** Groups by their names as oslo.config compares them. */
  readonly #names: ReadonlyMap<string, string>;
  #older: ReadonlyMap<string, OptionName> | undefined;

  constructor(head: CatalogueHead, contents: Contents) {
    this.release = head.release;
    this.service = head.service;
    this.image = head.image;
    this.components = head.components;
    this.dynamic = head.dynamic;
    this.groups = [...contents.places.keys()];
    this.#names = new Map(this.groups.map((group) => [normalized(group), group]));
    this.#contents = contents;
  }

  find(group: string, name: string): CatalogueOption | undefined {
    const found = this.#group(group)?.get(name);
    if (found !== undefined) return found;
    const today = this.#today().get(key(group, name));
    return today === undefined ? undefined : this.#group(today.group)?.get(today.name);
  }

  options(group: string): readonly CatalogueOption[] {
    return [...(this.#group(group)?.values() ?? [])];
  }

  #group(given: string): Group | undefined {
    const group = this.#names.get(normalized(given));
    if (group === undefined) return undefined;
    const known = this.#parsed.get(group);
    if (known !== undefined) return known;
    const { bytes, places } = this.#contents;
    const { start = 0, end = 0 } = places.get(group) ?? {};
    const lines = bytes.toString("utf8", start, Math.max(start, end - 1));
    const options = JSON.parse(`[${lines.replaceAll("\n", ",")}]`) as readonly CatalogueOption[];
    const parsed = new Map(options.map((option) => [option.name, option]));
    this.#parsed.set(group, parsed);
    return parsed;
  }

  #today(): ReadonlyMap<string, OptionName> {
    this.#older ??= new Map(
      // The first of several that were once the same wins.
      this.#contents.older.toReversed().map(([group, name, toGroup, toName]) => [
        key(group, name),
        { group: toGroup, name: toName },
      ]),
    );
    return this.#older;
  }
}

/** oslo.config compares groups without their case, but for DEFAULT (oslo_config/cfg.py, _normalize_group_name). */
function normalized(group: string): string {
  return group === "DEFAULT" ? group : group.toLowerCase();
}

function key(group: string, name: string): string {
  return `${normalized(group)}\0${name}`;
}
