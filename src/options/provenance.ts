// Where each line of a service's configuration comes from: the release's default, the profile, Underpin, the user.
import type { Cloud, ServiceSpec } from "../api/cloud.ts";
import type { Profile } from "../api/profile.ts";
import type { OptionName } from "../oslo/catalogue.ts";
import type { ConfigLine, Process, ProcessConfiguration } from "./configuration.ts";
import { type Builders, builtConfigurations } from "./offline.ts";
import type { Claim } from "./explain.ts";

export type Origin =
  | { readonly from: "default" }
  | { readonly from: "profile"; readonly profile: Profile }
  /** `owned`: no option of the Cloud changes it. */
  | { readonly from: "underpin"; readonly owned: boolean; readonly why?: string; readonly field?: string }
  | {
      readonly from: "user";
      /** Where the Cloud says it, `["spec", "services", "nova", "options", "DEFAULT", "debug"]`; list items by index. */
      readonly path: readonly string[];
      /** What would stand there without it: the value of Underpin or the profile. */
      readonly insteadOf?: readonly string[];
    };

export interface TracedLine extends ConfigLine {
  readonly origin: Origin;
}

export interface TracedConfiguration extends Process {
  readonly lines: readonly TracedLine[];
}

/** What Underpin says of an option of a service. */
export type ClaimOf = (service: string, name: OptionName) => Claim | undefined;

/** Says of each line whence it is. The builders are run again without the user's options, and by each other profile. */
export class Tracer {
  readonly #cloud: Cloud;
  readonly #claim: ClaimOf;
  /** By controller and option: what stands there without the user's options. */
  readonly #bare: ReadonlyMap<string, ConfigLine>;
  readonly #otherProfiles: () => readonly ReadonlyMap<string, ConfigLine>[];

  constructor(builders: Builders, cloud: Cloud, claim: ClaimOf) {
    this.#cloud = cloud;
    this.#claim = claim;
    const bare = withoutOptions(cloud);
    const lines = (one: Cloud) => indexed(builtConfigurations(builders, one));
    this.#bare = lines(bare);
    let others: readonly ReadonlyMap<string, ConfigLine>[] | undefined;
    const profiles = PROFILES.filter((profile) => profile !== cloud.spec.profile);
    this.#otherProfiles = () =>
      (others ??= profiles.map((profile) => lines({ ...bare, spec: { ...bare.spec, profile } })));
  }

  trace(process: ProcessConfiguration): TracedConfiguration {
    return { ...process, lines: process.lines.map((line) => ({ ...line, origin: this.#origin(process, line) })) };
  }

  #origin(process: Process, line: ConfigLine): Origin {
    const key = keyOf(process, line);
    const bare = this.#bare.get(key);
    const path = userPath(this.#cloud, process, line);
    if (path !== undefined)
      return { from: "user", path, ...(bare === undefined || bare.secret ? {} : { insteadOf: bare.texts }) };
    const decided = this.#otherProfiles().some((lines) => !sameTexts(lines.get(key), bare));
    if (decided) return { from: "profile", profile: this.#cloud.spec.profile };
    const { kind, ...told } = this.#claim(process.service, line) ?? { kind: "preset" };
    return { from: "underpin", owned: kind === "owned", ...told };
  }
}

const PROFILES: readonly Profile[] = ["Minimal", "Standard", "Large"];

function keyOf({ controller }: Process, { group, name }: ConfigLine): string {
  return `${controller}\n${group}\n${name}`;
}

function indexed(processes: readonly ProcessConfiguration[]): ReadonlyMap<string, ConfigLine> {
  return new Map(processes.flatMap((process) => process.lines.map((line) => [keyOf(process, line), line] as const)));
}

function sameTexts(left: ConfigLine | undefined, right: ConfigLine | undefined): boolean {
  return left?.texts.join("\n") === right?.texts.join("\n");
}

/** The Cloud as it would be if nobody had set an option. */
function withoutOptions(cloud: Cloud): Cloud {
  const bare = (service: ServiceSpec): ServiceSpec => ({
    ...service,
    options: {},
    uncheckedOptions: {},
    secretOptions: [],
    components: service.components.map((component) => ({ ...component, options: {} })),
  });
  const services = Object.fromEntries(
    Object.entries(cloud.spec.services).map(([name, service]) => [name, bare(service)]),
  );
  const pools = cloud.spec.compute.pools.map((pool) => ({ ...pool, options: {} }));
  return { ...cloud, spec: { ...cloud.spec, services, compute: { ...cloud.spec.compute, pools } } };
}

/** Where the Cloud sets what the line says: the last place that counts for the process. */
function userPath(
  cloud: Cloud,
  { service, component, pool }: Process,
  line: ConfigLine,
): readonly string[] | undefined {
  const spec = cloud.spec.services[service];
  if (spec === undefined) return undefined;
  const { group, name } = line;
  const root = ["spec", "services", service];
  if (line.secret) {
    const index = spec.secretOptions.findIndex((one) => one.group === group && one.option === name);
    return index < 0 ? undefined : [...root, "secretOptions", String(index)];
  }
  const poolIndex = cloud.spec.compute.pools.findIndex((one) => one.name === pool);
  const ownIndex = spec.components.findIndex((one) => one.name === component);
  const places: readonly (readonly [ServiceSpec["options"] | undefined, readonly string[]])[] = [
    [cloud.spec.compute.pools[poolIndex]?.options, ["spec", "compute", "pools", String(poolIndex), "options"]],
    [spec.uncheckedOptions, [...root, "uncheckedOptions"]],
    [spec.components[ownIndex]?.options, [...root, "components", String(ownIndex), "options"]],
    [spec.options, [...root, "options"]],
  ];
  const found = places.find(([options]) => options?.[group]?.[name] !== undefined);
  return found === undefined ? undefined : [...found[1], group, name];
}
