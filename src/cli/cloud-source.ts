// The Cloud that a verb speaks of, from a file or from a cluster, with what its processes are configured with.
import type { Cloud } from "../api/cloud.ts";
import type { KubeClient } from "../kube/client.ts";
import type { KubeObject, ObjectRef } from "../kube/types.ts";
import type { ConfigObject, ProcessConfiguration } from "../options/configuration.ts";
import type { Builders } from "../options/offline.ts";
import { connect, listClouds } from "./cluster.ts";
import type { CliContext } from "./context.ts";
import { CliError, EXIT } from "./errors.ts";
import type { ClusterFlags } from "./flags.ts";

export interface SourceFlags extends ClusterFlags {
  readonly file?: string;
  readonly namespace?: string;
}

/** Where the Cloud says something: a line of its file, or who set the field. */
export type Place = { readonly file: string; readonly line: number } | { readonly managers: readonly string[] };

export interface CloudSource {
  readonly cloud: Cloud;
  readonly builders: Builders;
  readonly processes: readonly ProcessConfiguration[];
  readonly placeOf: (path: readonly string[]) => Place;
  /** What could not be read, in words. */
  readonly warnings: readonly string[];
}

/** Reads a file's Cloud, or one of the cluster by its name. Throws CliError. */
export async function cloudSource(cli: CliContext, name: string | undefined, flags: SourceFlags): Promise<CloudSource> {
  if (flags.file !== undefined) return fromFile(flags.file);
  const kube = await connect(cli, flags);
  try {
    return await fromCluster(kube, await cloudNamed(kube, name, flags.namespace));
  } finally {
    await kube.close();
  }
}

/** The builders with what they know of the Cloud's release, as the operator has them. */
async function buildersFor({ spec }: Cloud): Promise<Builders> {
  const [{ loadWorkloads }, { catalogueServices, loadCatalogue }, { optionFacts }] = await Promise.all([
    import("../workloads/registry.ts"),
    import("../releases/catalogue.ts"),
    import("../workloads/kit/option-facts.ts"),
  ]);
  const { release: name } = spec;
  const facts = (await catalogueServices(name)).map(
    async (service) => [service, optionFacts(await loadCatalogue(name, service))] as const,
  );
  const [workloads, options] = await Promise.all([loadWorkloads(), Promise.all(facts)]);
  return { workloads, release: { name, options: Object.fromEntries(options) } };
}

async function fromFile(file: string): Promise<CloudSource> {
  const [{ cloudOfText, linesOf, readText }, { builtConfigurations }] = await Promise.all([
    import("./cloud-file.ts"),
    import("../options/offline.ts"),
  ]);
  const text = await readText(file);
  const { cloud } = cloudOfText(file, text);
  const lineOf = linesOf(text);
  const builders = await buildersFor(cloud);
  return {
    cloud,
    builders,
    processes: builtConfigurations(builders, cloud),
    placeOf: (path) => ({ file, line: lineOf(path) }),
    warnings: [],
  };
}

/** The Cloud of that name or namespace; without a name, the only one. Throws CliError. */
async function cloudNamed(kube: KubeClient, name: string | undefined, namespace: string | undefined): Promise<Cloud> {
  const clouds = await listClouds(kube, namespace);
  const found = clouds.filter(({ metadata }) => name === undefined || metadata.name === name);
  const [cloud, ...more] = found;
  if (cloud === undefined) {
    const known = clouds.map(({ metadata }) => metadata.name).join(", ");
    const next = known === "" ? "Make one with: underpin up. Or give a file: -f cloud.yaml" : `There is: ${known}.`;
    const what = name === undefined ? "There is no Cloud" : `There is no Cloud ${name}`;
    throw new CliError(what, next, { exitCode: known === "" ? EXIT.notRunning : EXIT.usage });
  }
  if (more.length > 0) {
    const names = found.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).join(", ");
    throw new CliError(`There are several Clouds: ${names}`, "Say which one: CLOUD SERVICE, or -n NAMESPACE", {
      exitCode: EXIT.usage,
    });
  }
  return cloud;
}

const CONTROLLERS = ["Deployment", "StatefulSet", "DaemonSet"];

async function fromCluster(kube: KubeClient, cloud: Cloud): Promise<CloudSource> {
  const [{ CLOUD_KIND }, { API_VERSION, LABEL, nodesNamespace }, { configReferences, configurations }, { managersOf }] =
    await Promise.all([
      import("../api/cloud.ts"),
      import("../api/names.ts"),
      import("../options/configuration.ts"),
      import("../options/managers.ts"),
    ]);
  const { name, namespace } = cloud.metadata;
  const labelSelector = `${LABEL.instance}=${name}`;
  const lists = [namespace, nodesNamespace(namespace)].flatMap((place) =>
    CONTROLLERS.map((kind) => kube.list({ apiVersion: "apps/v1", kind, namespace: place, labelSelector })),
  );
  const controllers = (await Promise.all(lists)).flatMap(({ items }, index) =>
    items.map((item): KubeObject => ({ ...item, kind: CONTROLLERS[index % CONTROLLERS.length] ?? "" })),
  );
  const references = controllers.flatMap((controller) => configReferences(controller as ConfigObject));
  const wanted = new Map(references.map((ref) => [`${ref.kind}/${ref.namespace}/${ref.name}`, ref]));
  const warnings: string[] = [];
  const read = (ref: ObjectRef) => readObject(kube, ref, warnings);
  const [live, ...content] = await Promise.all([
    kube.get({ apiVersion: API_VERSION, kind: CLOUD_KIND, namespace, name }),
    ...[...wanted.values()].map((ref) => read({ apiVersion: "v1", ...ref })),
  ]);
  const objects = [...controllers, ...content.filter((object) => object !== undefined)];
  return {
    cloud,
    builders: await buildersFor(cloud),
    processes: configurations(objects),
    placeOf: (path) => ({ managers: live === undefined ? [] : managersOf(live, path) }),
    warnings,
  };
}

/** An object that one may not read is told and left out. */
async function readObject(kube: KubeClient, ref: ObjectRef, warnings: string[]): Promise<KubeObject | undefined> {
  const { isReason } = await import("../kube/errors.ts");
  try {
    return await kube.get(ref);
  } catch (error) {
    if (!isReason(error, "Forbidden")) throw error;
    warnings.push(`${ref.kind} ${ref.namespace}/${ref.name} may not be read: its options are not shown`);
    return undefined;
  }
}
