// What the processes of a service are configured with, read from the objects that carry it: built ones or live ones.
import type { OptionName } from "../oslo/catalogue.ts";
import { readIniEntries } from "../oslo/read.ts";

/** An object of Kubernetes, as a builder made it or as an API server gave it. */
export interface ConfigObject {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** An option as one process of a service has it. */
export interface ConfigLine extends OptionName {
  /** As the file has it, `$name` and all; several for an option that is written several times. */
  readonly texts: readonly string[];
  /** `10-base.conf`, `20-secret.conf`, `90-mutable.conf`. */
  readonly file: string;
  /** It stands in an object that is a Secret. */
  readonly secret: boolean;
}

/** One kind of process of a service: `scheduler`; those of a compute pool are a kind each. */
export interface Process {
  readonly service: string;
  readonly component: string;
  /** The compute pool whose nodes it runs on. */
  readonly pool?: string;
  /** Name of its Deployment, StatefulSet or DaemonSet. */
  readonly controller: string;
}

export interface ProcessConfiguration extends Process {
  /** In order of group and name, DEFAULT first. */
  readonly lines: readonly ConfigLine[];
}

const CONTROLLERS = ["Deployment", "StatefulSet", "DaemonSet"];
/** Workloads that run another service's processes. */
const SERVICE_OF: Readonly<Record<string, string>> = { compute: "nova", network: "neutron" };
/** What a component is called where its controller has another name. */
const COMPONENT_OF: Readonly<Record<string, string>> = { "ovn-metadata": "ovn-metadata-agent" };
const NAME = "app.kubernetes.io/name";

/** The configuration of every process among the objects that has one, in order of service and component. */
export function configurations(objects: readonly ConfigObject[]): readonly ProcessConfiguration[] {
  return objects
    .filter(({ kind }) => CONTROLLERS.includes(kind))
    .flatMap((controller): ProcessConfiguration[] => {
      const files = configFiles(controller, objects);
      if (files.length === 0) return [];
      return [{ ...processOf(controller), lines: effective(files) }];
    })
    .toSorted((a, b) => compare(a.service, b.service) || compare(a.controller, b.controller));
}

function processOf({ metadata }: ConfigObject): Process {
  const workload = metadata.labels?.[NAME] ?? metadata.name;
  const service = SERVICE_OF[workload] ?? workload;
  const part = metadata.name.startsWith(`${service}-`) ? metadata.name.slice(service.length + 1) : metadata.name;
  const pool = service === "nova" ? /^compute-(.+)$/.exec(part)?.[1] : undefined;
  const component = pool === undefined ? (part === service ? "api" : (COMPONENT_OF[part] ?? part)) : "compute";
  return { service, component, controller: metadata.name, ...(pool === undefined ? {} : { pool }) };
}

interface ConfigFile {
  readonly name: string;
  readonly text: string;
  readonly secret: boolean;
}

interface Source {
  readonly configMap?: { readonly name?: string };
  readonly secret?: { readonly name?: string };
}

/** An object that a controller's configuration directory is made of. */
export interface ConfigReference {
  readonly kind: "ConfigMap" | "Secret";
  readonly namespace: string;
  readonly name: string;
}

interface Volume extends Source {
  readonly name: string;
  readonly projected?: { readonly sources?: readonly Source[] };
}

/** What the configuration of a controller's pods is made of, their scripts included; empty for one without. */
export function configReferences(controller: ConfigObject): readonly ConfigReference[] {
  const spec = controller["spec"] as { template?: { spec?: { volumes?: readonly Volume[] } } } | undefined;
  const volumes = spec?.template?.spec?.volumes ?? [];
  const config = volumes.find(({ name }) => name === "config")?.projected?.sources ?? [];
  const scripts = volumes.filter(({ name }) => name === "scripts");
  const namespace = controller.metadata.namespace ?? "";
  return (config.length === 0 ? [] : [...config, ...scripts]).flatMap(({ configMap, secret }): ConfigReference[] => {
    if (secret?.name !== undefined) return [{ kind: "Secret", namespace, name: secret.name }];
    return configMap?.name === undefined ? [] : [{ kind: "ConfigMap", namespace, name: configMap.name }];
  });
}

const NODE_FACTS: Readonly<Record<string, string>> = { NODE: "<name of the node>", NODE_IP: "<address of the node>" };

/** The file that a script of a pod writes from what differs from node to node. */
function fileOfScript(text: string): ConfigFile[] {
  const [, name, lines] = /^cat >\S*\/([\w-]+\.conf) <<END\n([^]*?)\nEND$/m.exec(text) ?? [];
  if (name === undefined || lines === undefined) return [];
  return [
    { name, text: lines.replaceAll(/\$(\w+)/g, (word, fact: string) => NODE_FACTS[fact] ?? word), secret: false },
  ];
}

/** The files of a controller's configuration directory, in the order in which oslo.config reads them. */
function configFiles(controller: ConfigObject, objects: readonly ConfigObject[]): ConfigFile[] {
  const files = configReferences(controller).flatMap(({ kind, namespace, name }): ConfigFile[] => {
    const found = objects.find(
      ({ kind: other, metadata }) => other === kind && metadata.name === name && metadata.namespace === namespace,
    );
    const data = (found?.["data"] ?? {}) as Readonly<Record<string, string>>;
    const written = Object.entries(data).flatMap(([file, text]) => (file.endsWith(".sh") ? fileOfScript(text) : []));
    const files = Object.entries(data)
      .filter(([file]) => file.endsWith(".conf"))
      .map(([file, value]) => ({
        name: file,
        text: kind === "Secret" ? Buffer.from(value, "base64").toString("utf8") : value,
        secret: kind === "Secret",
      }));
    return [...files, ...written];
  });
  return files.toSorted((a, b) => compare(a.name, b.name));
}

/** What counts in the end: the last file that has an option. */
function effective(files: readonly ConfigFile[]): ConfigLine[] {
  const lines = new Map<string, ConfigLine>();
  for (const { name: file, text, secret } of files) {
    for (const [key, entries] of Map.groupBy(readIniEntries(text), ({ group, option }) => `${group}\n${option}`)) {
      const [{ group, option }] = entries as [(typeof entries)[0]];
      lines.set(key, { group, name: option, texts: entries.map((entry) => entry.text), file, secret });
    }
  }
  return [...lines.values()].toSorted(byName);
}

/** DEFAULT first, then by group and name. */
export function byName(left: OptionName, right: OptionName): number {
  return (
    Number(right.group === "DEFAULT") - Number(left.group === "DEFAULT") ||
    compare(left.group, right.group) ||
    compare(left.name, right.name)
  );
}

export function compare(left: string, right: string): number {
  return left === right ? 0 : left < right ? -1 : 1;
}
