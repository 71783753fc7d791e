import { createHmac } from "node:crypto";
import type { Manifest } from "../api/manifest.ts";
import { isFields } from "./fields.ts";

/** What stands for a value in a plan: equal values, equal words; nobody without the key finds the value by trying. */
export type Keyed = (value: string) => string;

/** In a value: it does not exist yet, and what stands here instead is told apart by what follows. */
export const MADE_LATER = "underpin-made-when-carried-out:";
const TOLD_LATER = "(made when it is carried out)";

/** Keyed hashes (HMAC with SHA-256, 16 hexadecimal digits) of values. */
export function keyedBy(key: string): Keyed {
  return (value) => {
    if (value.includes(MADE_LATER)) return TOLD_LATER;
    return `(secret ${createHmac("sha256", key).update(value).digest("hex").slice(0, 16)})`;
  };
}

/** Fields that the API server keeps the books with, and what kubectl copies: they are no content, and may hold a secret's value. */
const BOOKS = ["managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"];
const NOTES = ["kubectl.kubernetes.io/last-applied-configuration", "deprecated.daemonset.template.generation"];

/** An object as a plan compares it: without status and books, and of a Secret keyed hashes alone. Pure. */
export function comparable(object: Manifest, keyed: Keyed): Manifest {
  const { status: _status, metadata, ...rest } = object;
  const annotations = without(metadata.annotations ?? {}, NOTES) as Record<string, string>;
  const kept = without(metadata, [...BOOKS, "annotations"]) as Manifest["metadata"];
  const plain = { ...kept, ...(Object.keys(annotations).length === 0 ? {} : { annotations }) };
  const content = object.kind === "Secret" ? hidden(rest, keyed) : object.kind === "Job" ? withoutOwnName(rest) : rest;
  return { ...content, apiVersion: object.apiVersion, kind: object.kind, metadata: plain };
}

/** What the API server gives a Job so that it finds its own pods; each Job has another. */
const OWN_LABELS = /^(batch\.kubernetes\.io\/)?(controller-uid|job-name)$/;

function withoutOwnName(job: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { spec } = job;
  if (!isFields(spec)) return job;
  const { selector: _selector, template, ...rest } = spec;
  if (!isFields(template) || !isFields(template["metadata"])) return { ...job, spec: { ...rest, template } };
  const { labels, ...metadata } = template["metadata"];
  const own = isFields(labels) ? Object.keys(labels).filter((name) => OWN_LABELS.test(name)) : [];
  const kept = isFields(labels) ? { labels: without(labels, own) } : {};
  return { ...job, spec: { ...rest, template: { ...template, metadata: { ...metadata, ...kept } } } };
}

/** Values in the form that the API server keeps, which tells bytes apart that are no text. */
function hidden(secret: Readonly<Record<string, unknown>>, keyed: Keyed): Readonly<Record<string, unknown>> {
  const { data, stringData, ...rest } = secret;
  const hide = (stored: string): string => {
    const text = decoded(stored);
    return keyed(text.includes(MADE_LATER) ? text : stored);
  };
  const values = { ...mapped(data, hide), ...mapped(stringData, (text) => hide(encoded(text))) };
  return Object.keys(values).length === 0 ? rest : { ...rest, data: values };
}

function encoded(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}

export function decoded(base64: string): string {
  return Buffer.from(base64, "base64").toString("utf8");
}

function mapped(data: unknown, change: (text: string) => string): Record<string, string> {
  if (!isFields(data)) return {};
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, change(String(value))]));
}

function without(fields: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));
}
