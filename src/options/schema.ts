// JSON Schema of a Cloud with every option of a release, for editors: they complete, explain and check while one writes.
import { API_VERSION } from "../api/names.ts";
import { CLOUD_KIND, SERVICE_NAMES } from "../api/cloud.ts";
import { CLOUD_STRUCTURE } from "../api/crd.ts";
import type { JsonSchema } from "../api/structural.ts";
import type { Catalogue, CatalogueOption, OptionName, PolicyRule } from "../oslo/catalogue.ts";
import type { Claim } from "./explain.ts";
import { optionSchema, type Schema } from "./schema-types.ts";
import { valueWords } from "./words.ts";

/** A service of the release, for its part of the schema. */
export interface SchemaService {
  readonly catalogue: Catalogue;
  readonly claim: (name: OptionName) => Claim | undefined;
  /** Whether a running process follows a change of the option. */
  readonly inPlace: (name: OptionName) => boolean;
  readonly policy: readonly PolicyRule[];
}

/** Draft 7, which editors know best; equal catalogues are an equal schema. */
export function cloudJsonSchema(release: string, known: readonly SchemaService[]): Schema {
  const { properties } = plain(CLOUD_STRUCTURE);
  // A release may have more services than a Cloud.
  const services = known.filter(({ catalogue }) => SERVICE_NAMES.includes(catalogue.service));
  const withOptions = services.reduce(withService, properties?.["spec"] ?? {});
  const names = services.map(({ catalogue }) => catalogue.service);
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: `Cloud of OpenStack ${release}`,
    description: "A Cloud is one OpenStack region: its release, services, options, networks and compute nodes.",
    type: "object",
    properties: {
      apiVersion: { const: API_VERSION },
      kind: { const: CLOUD_KIND },
      metadata: METADATA,
      spec: names.includes("nova") ? at(withOptions, POOL, { options: reference("nova") }) : withOptions,
      // An object that was read back has one, and nobody writes it.
      status: { type: "object" },
    },
    required: ["apiVersion", "kind", "metadata", "spec"],
    additionalProperties: false,
    definitions: Object.assign({}, ...services.map(definitions)) as Record<string, Schema>,
  };
}

/** What one writes there; the API server adds more. */
const METADATA: Schema = {
  type: "object",
  properties: {
    name: { type: "string", description: "Name of the Cloud." },
    namespace: { type: "string", description: "Namespace of the Cloud: a namespace has one." },
    labels: { type: "object", additionalProperties: { type: "string" } },
    annotations: { type: "object", additionalProperties: { type: "string" } },
  },
  required: ["name"],
};

const POOL = ["compute", "pools", "*"];

/** Keywords of Kubernetes mean nothing to an editor; that a field is not known must be said. */
function plain(schema: JsonSchema): Schema {
  if (schema["x-kubernetes-preserve-unknown-fields"] === true)
    return schema.description === undefined ? {} : { description: schema.description };
  const { properties, items, additionalProperties, ...rest } = schema;
  const kept = Object.entries(rest).filter(([key]) => !key.startsWith("x-kubernetes-") && key !== "format");
  return {
    ...Object.fromEntries(kept),
    ...(properties === undefined ? {} : { properties: mapped(properties, plain), additionalProperties: false }),
    ...(items === undefined ? {} : { items: plain(items) }),
    ...(additionalProperties === undefined ? {} : { additionalProperties: plain(additionalProperties) }),
  };
}

function mapped<T, R>(record: Readonly<Record<string, T>>, map: (value: T) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}

/** A schema with other properties at a path of field names, `*` for a list's items. */
function at(schema: Schema, path: readonly string[], properties: Readonly<Record<string, Schema>>): Schema {
  const [head, ...rest] = path;
  if (head === undefined) return { ...schema, properties: { ...schema.properties, ...properties } };
  if (head === "*") return { ...schema, items: at(schema.items ?? {}, rest, properties) };
  const inner = schema.properties?.[head];
  if (inner === undefined) throw new Error(`the schema of a Cloud has no field ${head}`);
  return { ...schema, properties: { ...schema.properties, [head]: at(inner, rest, properties) } };
}

function reference(service: string): Schema {
  return { $ref: `#/definitions/${service}` };
}

function withService(spec: Schema, { catalogue, policy }: SchemaService): Schema {
  const { service } = catalogue;
  const path = ["services", service];
  const options = { options: reference(service) };
  const rules = policy.length === 0 ? {} : { policy: policySchema(policy) };
  const component: Schema = { enum: catalogue.components, description: "Name of the component." };
  return at(at(spec, path, { ...options, ...rules }), [...path, "components", "*"], { ...options, name: component });
}

function policySchema(rules: readonly PolicyRule[]): Schema {
  const properties = rules.map(({ name, default: usual, description, deprecated }): [string, Schema] => [
    name,
    {
      type: "string",
      description: [description, `Default: ${usual === "" ? '""' : usual}`].filter(Boolean).join("\n\n"),
      ...(deprecated === undefined ? {} : { deprecated: true }),
    },
  ]);
  return {
    type: "object",
    description: "Rules of the service's API policy that differ from its defaults.",
    properties: Object.fromEntries(properties),
    // Rules of one's own, to which others refer, have any name.
    additionalProperties: { type: "string" },
  };
}

/** A service's options: a definition for the groups, and one for each group. */
function definitions(of: SchemaService): Record<string, Schema> {
  const { catalogue } = of;
  const { service, groups } = catalogue;
  const place = (group: string): string => `${service}.${group}`;
  const dynamic = catalogue.dynamic.map(({ like }) => ({ $ref: `#/definitions/${place(like)}` }));
  const older = olderNames(catalogue);
  const all = [...new Set([...groups, ...older.keys()])];
  const entries = all.map((group): [string, Schema] => [
    place(group),
    {
      type: "object",
      properties: {
        ...Object.fromEntries(catalogue.options(group).map((option) => [option.name, described(option, of)])),
        ...Object.fromEntries((older.get(group) ?? []).map(([name, schema]) => [name, schema])),
      },
      additionalProperties: false,
    },
  ]);
  return {
    [service]: {
      type: "object",
      description: `Options of ${service}'s configuration by group.`,
      properties: Object.fromEntries(all.map((group) => [group, { $ref: `#/definitions/${place(group)}` }])),
      additionalProperties: dynamic.length === 0 ? false : { anyOf: dynamic },
    },
    ...Object.fromEntries(entries),
  };
}

function described(option: CatalogueOption, { claim, inPlace }: SchemaService): Schema {
  const owned = claim(option);
  if (owned?.kind === "owned") {
    const field = owned.field === undefined ? "" : ` Use ${owned.field}.`;
    return { not: {}, description: `Underpin sets this option: ${owned.why}.${field}` };
  }
  if (option.secret === true)
    return {
      not: {},
      description: `${help(option, false)}\n\nA secret: put it into a Secret, and name that in secretOptions.`,
    };
  const { deprecated, default: usual } = option;
  return {
    ...optionSchema(option),
    description: help(option, inPlace(option)),
    ...(usual === undefined ? {} : { default: usual }),
    ...(deprecated === undefined ? {} : { deprecated: true, deprecationMessage: deprecation(deprecated) }),
  };
}

function help(option: CatalogueOption, inPlace: boolean): string {
  const shown = option.sampleDefault ?? option.default;
  const facts = [
    `Default: ${option.secret === true ? "none" : valueWords(shown)}.`,
    ...(inPlace ? ["Takes effect without a restart."] : []),
  ];
  return [option.help?.trim(), facts.join(" ")].filter(Boolean).join("\n\n");
}

function deprecation({ reason, since }: NonNullable<CatalogueOption["deprecated"]>): string {
  const when = since === undefined ? "Deprecated" : `Deprecated since ${since}`;
  return reason === undefined ? when : `${when}: ${reason.replaceAll(/\s+/g, " ").trim()}`;
}

/** Older names by their group, where no option of today has the name. */
function olderNames(catalogue: Catalogue): ReadonlyMap<string, readonly (readonly [string, Schema])[]> {
  const names = catalogue.groups.flatMap((group) =>
    catalogue.options(group).flatMap((option) => (option.olderNames ?? []).map((older) => ({ older, option }))),
  );
  const fresh = names.filter(({ older }) => catalogue.find(older.group, older.name)?.name !== older.name);
  return new Map(
    [...Map.groupBy(fresh, ({ older }) => older.group)].map(([group, found]) => [
      group,
      found.map(({ older, option }) => {
        const message = `Older name of ${option.group}.${option.name}: write that.`;
        return [
          older.name,
          { ...optionSchema(option), description: message, deprecated: true, deprecationMessage: message },
        ] as const;
      }),
    ]),
  );
}
