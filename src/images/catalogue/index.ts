// catalogue: what the programs of an image know: their options and policy rules, told by themselves inside of it.
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { CatalogueHead, CatalogueOption, PolicyRule } from "../../oslo/catalogue.ts";
import { catalogueText } from "../../releases/catalogue-format.ts";
import { cataloguePath } from "../../releases/catalogue.ts";
import { listText, policyPath } from "../../releases/lists.ts";
import type { ImageTree } from "../tree.ts";
import {
  assemble,
  CatalogueError,
  type Dump,
  type Facts,
  MACHINES,
  type Started,
  STARTED_ON,
  withStarted,
} from "./assemble.ts";
import { type AskedNames, withReaders } from "./read-by.ts";
import { NOT_RUN, SERVICES, type ServiceOptions } from "./services.ts";

const PYTHON = "/opt/openstack/bin/python";

const FILES = [
  ...["options.py", "policies.py", "readers.py", "started.py", "underpin_demand.py", "underpin_facts.py"].map((name) =>
    join(import.meta.dirname, name),
  ),
  // Pods tell their options with it too.
  join(import.meta.dirname, "..", "..", "workloads", "kit", "scripts", "underpin_options.py"),
];

/** Components that can be started here; the others' options are those that their samples list. */
const STARTED = ["glance", "keystone", "neutron", "nova", "placement"];

/** Files of a release's data by their paths, and what could not be told. */
export interface ImageData {
  readonly files: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
}

/** Lets the services of an image tell their options and rules. Throws CatalogueError when they contradict themselves. */
export async function readImage(
  tree: ImageTree,
  { release, python = PYTHON }: { readonly release: string; readonly python?: string },
): Promise<ImageData> {
  const run = (script: string, input: unknown, facts: Facts = STARTED_ON, ...args: readonly string[]) =>
    tree.run([python, `/run/underpin/${script}`, ...args], {
      input: JSON.stringify(input),
      files: FILES,
      folder: facts.folder,
    });
  const [one, two] = await Promise.all(
    MACHINES.map(async (facts) => JSON.parse(await run("options.py", { facts, services: SERVICES }, facts)) as Dump),
  );
  if (one === undefined || two === undefined) throw new CatalogueError("the dumper said nothing");
  const notes = problems(one);
  const files: Record<string, string> = {};
  for (const name of Object.keys(one.services)) {
    const service = SERVICES[name];
    if (service === undefined) continue;
    const started = STARTED.includes(name) ? await startAll(name, service, run) : {};
    for (const [component, { stopped }] of Object.entries(started))
      if (stopped !== "") notes.push(`${name}/${component} came no further: ${stopped}`);
    const known = withStarted(assemble(name, service, [one, two]), started);
    const asked = service.components.length > 1 ? await askedNames({ service, started, known }, run) : {};
    const options = withReaders(known, { asked, started, service });
    const { components, dynamic } = service;
    const head: CatalogueHead = { release, service: name, image: tree.image, components, dynamic };
    files[cataloguePath(name)] = catalogueText(head, options);
  }
  const policies = JSON.parse(await run("policies.py", {})) as Policies;
  notes.push(...Object.entries(policies.errors).map(([name, error]) => `policy ${name}: ${error}`));
  return { files: { ...files, ...policyFiles(policies, { release, image: tree.image }) }, notes };
}

type Run = (script: string, input: unknown, facts?: Facts, ...args: readonly string[]) => Promise<string>;

function problems({ services, namespaces }: Dump): string[] {
  const covered = new Set(Object.keys(services).flatMap((name) => SERVICES[name]?.namespaces ?? []));
  const left = Object.keys(namespaces).filter((one) => !covered.has(one) && NOT_RUN[one] === undefined);
  return [
    ...Object.entries(services).flatMap(([name, { errors }]) =>
      Object.entries(errors).map(([namespace, error]) => `${name}: namespace ${namespace}: ${error}`),
    ),
    ...left.map((namespace) => `namespace ${namespace} belongs to no service`),
  ];
}

/** Starts the service's components, as many at a time as there are cores. */
async function startAll(name: string, { components }: ServiceOptions, run: Run): Promise<Record<string, Started>> {
  const waiting = [...components];
  const started: Record<string, Started> = {};
  const work = async (): Promise<void> => {
    for (let component = waiting.shift(); component !== undefined; component = waiting.shift())
      started[component] = JSON.parse(
        await run("started.py", { facts: STARTED_ON }, STARTED_ON, `${name}/${component}`),
      ) as Started;
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return Object.fromEntries(components.flatMap((one) => (started[one] === undefined ? [] : [[one, started[one]]])));
}

/** The names of options that each component's code can ask for; none for a service that cannot be started. */
async function askedNames(
  {
    service,
    started,
    known,
  }: { service: ServiceOptions; started: Readonly<Record<string, Started>>; known: readonly CatalogueOption[] },
  run: Run,
): Promise<AskedNames> {
  if (Object.keys(started).length === 0) return {};
  const components = Object.fromEntries(
    Object.entries(started).map(([component, { modules }]) => [
      component,
      { modules: Object.keys(modules), loadable: service.loadable?.[component] ?? [] },
    ]),
  );
  const names = [...new Set(known.map(({ name }) => name))];
  const said = JSON.parse(await run("readers.py", { names, components })) as { names: Record<string, string[]> };
  return Object.fromEntries(Object.entries(said.names).map(([component, all]) => [component, new Set(all)]));
}

interface Policies {
  readonly services: Readonly<Record<string, readonly PolicyRule[]>>;
  readonly errors: Readonly<Record<string, string>>;
}

/** A service may have rules under several names, like neutron and its library. */
function policyFiles(
  { services }: Policies,
  head: { readonly release: string; readonly image: string },
): Record<string, string> {
  const files: Record<string, string> = {};
  for (const service of Object.keys(SERVICES)) {
    const own = Object.entries(services).filter(([name]) => name === service || name === `${service}_lib`);
    if (own.length === 0) continue;
    const rules = new Map(own.flatMap(([, each]) => each.map((rule) => [rule.name, rule] as const)));
    const sorted = [...rules.values()].toSorted((left, right) => (left.name < right.name ? -1 : 1));
    files[policyPath(service)] = listText({ release: head.release, service, image: head.image }, sorted);
  }
  return files;
}
