// kit: the small pure helpers that every workload's builder is made of.
import type { BuildInput } from "../contract.ts";
import { LABEL, MANAGED_BY } from "../../api/names.ts";
import { contentHash as fullHash } from "../../content/canonical.ts";

/** Whose object it is: the workload, the part of it, and where it lives. */
export interface Owner {
  readonly input: BuildInput;
  /** Name of the workload: the folder's name. */
  readonly workload: string;
  /** Name of the part, and of its Deployment, StatefulSet, DaemonSet or Service: `nova-api`. */
  readonly name: string;
  /** Default: the Cloud's own namespace. */
  readonly namespace?: string;
}

/** The Cloud's own namespace, which enforces the restricted Pod Security level. */
export function cloudNamespace(input: BuildInput): string {
  return input.cloud.metadata.namespace;
}

export function namespaceOf(owner: Owner): string {
  return owner.namespace ?? cloudNamespace(owner.input);
}

/** What a controller selects its pods by: never to be changed, since a selector is immutable. */
export function selectorLabels(owner: Owner): Record<string, string> {
  return {
    [LABEL.name]: owner.workload,
    [LABEL.component]: owner.name,
    [LABEL.instance]: owner.input.cloud.metadata.name,
  };
}

export function labels(owner: Owner): Record<string, string> {
  return { ...selectorLabels(owner), [LABEL.partOf]: "underpin", [LABEL.managedBy]: MANAGED_BY };
}

/** Metadata of an object of `owner`; the object has the owner's name unless another is given. */
export function metadata(owner: Owner, name: string = owner.name) {
  return { name, namespace: namespaceOf(owner), labels: labels(owner) };
}

/** Ten hexadecimal digits: equal content, equal hash. */
export function contentHash(value: unknown): string {
  return fullHash(value).slice(0, 10);
}

/** `<prefix>-<hash of data>`. The prefix is cut so that the name stays within the 63 characters of a label. */
export function contentName(prefix: string, data: unknown): string {
  return `${prefix.slice(0, 52)}-${contentHash(data)}`;
}
