import { CHANGE_RULES } from "./change-rules.ts";
import { DRIFT_RULES } from "./drift.ts";
import { MAX_CLOUD_NAME, MAX_NAMESPACE } from "./fields.ts";
import { LIMIT_RULES } from "./limits.ts";
import { NETWORK_RULES } from "./network-rules.ts";
import { KNOWN_RELEASES } from "./releases.ts";
import { type Rule, unless } from "./rule.ts";

interface Metadata {
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

const nameRules: readonly Rule[] = [
  {
    code: "name-too-long",
    at: "",
    field: "metadata.name",
    cel: `self.metadata.name.size() <= ${MAX_CLOUD_NAME}`,
    message: `A Cloud's name has at most ${MAX_CLOUD_NAME} characters: names and labels of 63 are made from it. Example: name: laptop`,
    judge: ({ metadata }: Metadata) => unless(metadata.name.length <= MAX_CLOUD_NAME),
  },
  {
    code: "bad-name",
    at: "",
    field: "metadata.name",
    cel: "self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",
    message: "A Cloud's name is lower-case letters, digits and '-'. Example: name: laptop",
    judge: ({ metadata }: Metadata) => unless(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(metadata.name)),
  },
  {
    code: "name-too-long",
    at: "",
    field: "metadata.namespace",
    message: `A Cloud's namespace has at most ${MAX_NAMESPACE} characters: names and labels of 63 are made from it. Example: namespace: laptop`,
    judge: ({ metadata }: Metadata) => unless((metadata.namespace ?? "").length <= MAX_NAMESPACE),
  },
  {
    code: "bad-name",
    at: "",
    field: "metadata.namespace",
    message: "A namespace is lower-case letters, digits and '-'. Example: namespace: laptop",
    judge: ({ metadata }: Metadata) => unless(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(metadata.namespace ?? "default")),
  },
];

const specRules: readonly Rule[] = [
  {
    code: "unknown-release",
    at: "spec",
    field: "release",
    cel: `self.release in [${KNOWN_RELEASES.map((release) => `'${release}'`).join(", ")}]`,
    message: `This version of Underpin does not know the release; it knows ${KNOWN_RELEASES.join(", ")}. Example: release: "${KNOWN_RELEASES[0]}"`,
    judge: (self: { release: string }) => unless((KNOWN_RELEASES as readonly string[]).includes(self.release)),
  },
  {
    code: "immutable",
    at: "spec",
    field: "region",
    cel: "(has(self.region) ? self.region : 'RegionOne') == (has(oldSelf.region) ? oldSelf.region : 'RegionOne')",
    message:
      "The region of a Cloud never changes: users' catalogues and clients know it by this name. Make another Cloud instead.",
  },
];

const backendRules: readonly Rule[] = ["database", "messaging"].flatMap((part): Rule[] => [
  {
    code: "impossible-replicas",
    at: `spec.${part}.managed`,
    field: "replicas",
    cel: "!has(self.replicas) || self.replicas % 2 == 1",
    message: "Members keep a quorum, so their number is odd. Example: replicas: 1",
    judge: (self: { replicas?: number }) => unless((self.replicas ?? 1) % 2 === 1),
  },
  {
    code: "impossible-replicas",
    at: `spec.${part}.managed`,
    field: "replicas",
    cel: "!has(self.replicas) || self.replicas % 2 == 0 || self.replicas == 1",
    message: "This version of Underpin runs one member. Example: replicas: 1",
    judge: ({ replicas = 1 }: { replicas?: number }) => unless(replicas % 2 === 0 || replicas === 1),
  },
  {
    code: "union",
    at: `spec.${part}`,
    cel: "(has(self.type) && self.type == 'External') == has(self.external)",
    message:
      "`external` belongs to type External, and type External needs it. Example: {type: External, external: {host: db.example, adminSecretRef: {name: db-admin}}}",
    judge: (self: { type?: string; external?: unknown }) =>
      unless((self.type === "External") === (self.external !== undefined)),
  },
]);

const fileRules: readonly Rule[] = [
  {
    code: "union",
    at: "spec.services.*.files.*",
    cel: "has(self.configMapRef) != has(self.secretRef)",
    message:
      "A file comes from either a configMapRef or a secretRef. Example: {path: /etc/nova/extra.conf, configMapRef: {name: nova-extra, key: extra.conf}}",
    judge: (self: { configMapRef?: unknown; secretRef?: unknown }) =>
      unless((self.configMapRef !== undefined) !== (self.secretRef !== undefined)),
  },
];

/** Every rule about a Cloud beyond types and bounds. */
export const CLOUD_RULES: readonly Rule[] = [
  ...nameRules,
  ...specRules,
  ...backendRules,
  ...fileRules,
  ...NETWORK_RULES,
  ...CHANGE_RULES,
  ...LIMIT_RULES,
  ...DRIFT_RULES,
];
