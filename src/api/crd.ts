import { CLOUD_KIND, CLOUD_PLURAL, cloudSchema } from "./cloud.ts";
import { HYPERVISOR_KIND, HYPERVISOR_PLURAL, hypervisorSchema } from "./hypervisor.ts";
import type { Manifest } from "./manifest.ts";
import { GROUP, LABEL, MANAGED_BY, VERSION } from "./names.ts";
import {
  APPROVAL_KIND,
  APPROVAL_PLURAL,
  APPROVAL_RULES,
  approvalSchema,
  PLAN_KIND,
  PLAN_PLURAL,
  PLAN_RULES,
  planSchema,
} from "./plan.ts";
import type { Rule } from "./rule.ts";
import { CLOUD_RULES } from "./rules.ts";
import { type JsonSchema, structuralSchema } from "./structural.ts";

interface Column {
  readonly name: string;
  readonly type: string;
  readonly jsonPath: string;
  readonly description: string;
  readonly priority?: number;
}

interface Resource {
  readonly kind: string;
  readonly plural: string;
  readonly shortName: string;
  readonly description: string;
  readonly schema: JsonSchema;
  readonly columns: readonly Column[];
}

const AGE: Column = {
  name: "Age",
  type: "date",
  jsonPath: ".metadata.creationTimestamp",
  description: "Time since it was made.",
};
const READY = '.status.conditions[?(@.type=="Ready")].status';

/** Structural schema of a Cloud with the rules in CEL: what the API server judges by, and what the CLI walks. */
export const CLOUD_STRUCTURE: JsonSchema = CLOUD_RULES.reduce(withRule, topLevel(structuralSchema(cloudSchema)));

const CLOUD: Resource = {
  kind: CLOUD_KIND,
  plural: CLOUD_PLURAL,
  shortName: "cl",
  description: "A Cloud is one OpenStack region: its release, services, options, networks and compute nodes.",
  schema: CLOUD_STRUCTURE,
  columns: [
    { name: "Release", type: "string", jsonPath: ".spec.release", description: "OpenStack release." },
    { name: "Phase", type: "string", jsonPath: ".status.phase", description: "What happens to it." },
    { name: "Ready", type: "string", jsonPath: READY, description: "Whether every workload works." },
    {
      name: "Workloads",
      type: "string",
      jsonPath: ".status.ready",
      description: "Workloads that work, of all.",
      priority: 1,
    },
    AGE,
  ],
};

const HYPERVISOR: Resource = {
  kind: HYPERVISOR_KIND,
  plural: HYPERVISOR_PLURAL,
  shortName: "hv",
  description: "A Hypervisor is one compute node of a Cloud as an operator sees it; it has the node's name.",
  schema: topLevel(structuralSchema(hypervisorSchema)),
  columns: [
    { name: "State", type: "string", jsonPath: ".status.state", description: "Up, Down or Unknown." },
    { name: "Pool", type: "string", jsonPath: ".status.pool", description: "Compute pool." },
    { name: "Virtualization", type: "string", jsonPath: ".status.virtualization", description: "KVM or QEMU." },
    { name: "Guests", type: "integer", jsonPath: ".status.guests", description: "Guests on the node." },
    AGE,
  ],
};

const PLAN: Resource = {
  kind: PLAN_KIND,
  plural: PLAN_PLURAL,
  shortName: "pl",
  description:
    "A Plan is what a changed Cloud would do; it is carried out when it is approved, and holds the evidence then.",
  schema: PLAN_RULES.reduce(withRule, topLevel(structuralSchema(planSchema))),
  columns: [
    { name: "Cloud", type: "string", jsonPath: ".spec.cloud", description: "The Cloud that it changes." },
    { name: "Phase", type: "string", jsonPath: ".status.phase", description: "Where it stands." },
    { name: "Change", type: "string", jsonPath: ".status.summary.text", description: "The change in one line." },
    { name: "Impact", type: "string", jsonPath: ".status.summary.impact.level", description: "What users notice." },
    {
      name: "Expected",
      type: "number",
      jsonPath: ".status.summary.expectedSeconds",
      description: "Seconds that it takes.",
      priority: 1,
    },
    {
      name: "Took",
      type: "number",
      jsonPath: ".status.evidence.seconds",
      description: "Seconds that it took.",
      priority: 1,
    },
    {
      name: "Approved-By",
      type: "string",
      jsonPath: ".status.approval.user",
      description: "Who approved it.",
      priority: 1,
    },
    { name: "Hash", type: "string", jsonPath: ".status.hash", description: "To be approved by.", priority: 1 },
    AGE,
  ],
};

const APPROVAL: Resource = {
  kind: APPROVAL_KIND,
  plural: APPROVAL_PLURAL,
  shortName: "pa",
  description: "A PlanApproval is somebody's word that a Plan may be carried out.",
  schema: APPROVAL_RULES.reduce(withRule, topLevel(structuralSchema(approvalSchema))),
  columns: [
    { name: "Plan", type: "string", jsonPath: ".spec.plan", description: "The Plan that it is about." },
    { name: "Hash", type: "string", jsonPath: ".spec.hash", description: "The hash that was reviewed.", priority: 1 },
    AGE,
  ],
};

/** The CustomResourceDefinitions, as they are applied. */
export function customResourceDefinitions(): readonly Manifest[] {
  return [CLOUD, HYPERVISOR, PLAN, APPROVAL].map(definition);
}

function definition(resource: Resource): Manifest {
  const singular = resource.kind.toLowerCase();
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: {
      name: `${resource.plural}.${GROUP}`,
      labels: { [LABEL.partOf]: MANAGED_BY, [LABEL.managedBy]: MANAGED_BY },
    },
    spec: {
      group: GROUP,
      scope: "Namespaced",
      names: {
        kind: resource.kind,
        listKind: `${resource.kind}List`,
        plural: resource.plural,
        singular,
        shortNames: [resource.shortName],
        categories: ["underpin"],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: resource.columns,
          schema: { openAPIV3Schema: { ...resource.schema, description: resource.description } },
        },
      ],
    },
  };
}

/** The API server owns type and metadata: their schemas are its own. */
function topLevel(schema: JsonSchema): JsonSchema {
  const { apiVersion: _version, kind: _kind, metadata: _metadata, ...own } = schema.properties ?? {};
  return {
    ...schema,
    properties: {
      apiVersion: { type: "string", description: `Version of this resource: ${GROUP}/${VERSION}.` },
      kind: { type: "string", description: "Kind of this resource." },
      metadata: { type: "object" },
      ...own,
    },
    required: (schema.required ?? []).filter((name) => name in own),
  };
}

function withRule(schema: JsonSchema, rule: Rule): JsonSchema {
  return rule.cel === undefined ? schema : attach(schema, rule.at === "" ? [] : rule.at.split("."), rule);
}

function attach(schema: JsonSchema, path: readonly string[], rule: Rule): JsonSchema {
  const [head, ...rest] = path;
  if (head === undefined) {
    const rules = (schema["x-kubernetes-validations"] ?? []) as readonly unknown[];
    return { ...schema, "x-kubernetes-validations": [...rules, validation(rule)] };
  }
  if (head === "*" && schema.items !== undefined) return { ...schema, items: attach(schema.items, rest, rule) };
  const names = head === "*" ? Object.keys(schema.properties ?? {}) : [head];
  const properties = { ...schema.properties };
  for (const name of names) {
    const inner = properties[name];
    if (inner === undefined) throw new Error(`rule ${rule.code}: the schema has no ${rule.at}`);
    properties[name] = attach(inner, rest, rule);
  }
  return { ...schema, properties };
}

function validation(rule: Rule): Readonly<Record<string, unknown>> {
  // A path to a field is refused where the field may be missing or is metadata; the message names it then.
  return { rule: rule.cel, message: rule.message };
}
