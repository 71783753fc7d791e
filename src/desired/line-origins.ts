// Which part of a Cloud, or who else, says what a changed line of configuration says: as `underpin config show` tells it.
import type { Cloud } from "../api/cloud.ts";
import { configReferences, configurations, type ProcessConfiguration } from "../options/configuration.ts";
import type { Claims } from "../options/owned.ts";
import { type Origin, Tracer } from "../options/provenance.ts";
import { IniSyntaxError, readIniEntries } from "../oslo/read.ts";
import { type LineChange, POLICY_FILE } from "../plan/configuration.ts";
import type { LineOrigin } from "../plan/line-origin.ts";
import { type Manifest, objectKey, type ReleaseFacts, type Workload } from "../workloads/contract.ts";

/** A Cloud as it is or would be, with its objects. */
export interface LineSide {
  readonly cloud: Cloud;
  readonly objects: readonly Manifest[];
}

export interface OriginTools {
  readonly workloads: readonly Workload[];
  readonly release: ReleaseFacts;
  readonly claims: Claims;
}

/** The lines with where both of their sides come from. `before` is absent when there is no Cloud yet. Pure. */
export function withOrigins(
  lines: readonly LineChange[],
  sides: { readonly before: LineSide | undefined; readonly after: LineSide },
  tools: OriginTools,
): readonly LineChange[] {
  if (lines.length === 0) return lines;
  const names = new Set(lines.map(({ workload }) => workload));
  // All are asked for the credentials that the others use, and only those with changed lines are built.
  const workloads = tools.workloads.map((one) => (names.has(one.name) ? one : { ...one, build: () => [] }));
  const [before, after] = [sides.before, sides.after].map((side) =>
    side === undefined ? undefined : new SideTracer(side, lines, { ...tools, workloads }),
  );
  return lines.map((line) => {
    const [was, is] = [before?.origin(line, line.before), after?.origin(line, line.after)];
    const from = { ...(was === undefined ? {} : { before: was }), ...(is === undefined ? {} : { after: is }) };
    return Object.keys(from).length === 0 ? line : { ...line, from };
  });
}

/** Traces the lines of one side: the builders run again for it, those of the changed services alone. */
class SideTracer {
  readonly #tracer: Tracer;
  /** By key of an object: a process that is configured with it. */
  readonly #processes = new Map<string, ProcessConfiguration>();

  constructor({ cloud, objects }: LineSide, lines: readonly LineChange[], { claims, ...builders }: OriginTools) {
    this.#tracer = new Tracer(builders, cloud, (service, name) => claims.of(service, name));
    const wanted = new Set(lines.map(({ workload }) => workload));
    const mine = objects.filter(
      ({ kind, metadata }) =>
        kind === "ConfigMap" || kind === "Secret" || wanted.has(metadata.labels?.["app.kubernetes.io/name"] ?? ""),
    );
    const { found, broken } = configurationsOf(mine);
    for (const controller of mine) {
      const process = found.find(
        ({ controller: name }) => name === controller.metadata.name && configReferences(controller).length > 0,
      );
      if (process === undefined) continue;
      for (const { kind, namespace, name } of configReferences(controller)) {
        const key = objectKey({ apiVersion: "v1", kind, metadata: { namespace, name } });
        if (!this.#processes.has(key) && !broken.has(key)) this.#processes.set(key, process);
      }
    }
  }

  /** Of the line of an object that this side has, by its key; undefined when no process of this side has the object. */
  origin(line: LineChange, texts: readonly string[]): LineOrigin | undefined {
    const process = this.#process(line);
    if (process === undefined) return undefined;
    if (texts.length === 0) return { from: "default" };
    if (line.file === POLICY_FILE)
      return { from: "user", path: ["spec", "services", process.service, "policy", line.option] };
    const { group, option: name, file } = line;
    const effective = process.lines.find((one) => one.group === group && one.name === name);
    // What another file says later is the user's; this is what it stands instead of.
    if (effective !== undefined && effective.file !== file) return { from: "underpin", owned: false };
    const one = { group, name, texts, file, secret: line.object.startsWith("Secret/") };
    const [traced] = this.#tracer.trace({ ...process, lines: [one] }).lines;
    return traced === undefined ? undefined : plain(traced.origin);
  }

  #process({ object, replaces }: LineChange): ProcessConfiguration | undefined {
    return this.#processes.get(object) ?? (replaces === undefined ? undefined : this.#processes.get(replaces));
  }
}

interface Configurations {
  readonly found: readonly ProcessConfiguration[];
  /** Keys of objects with a file that somebody broke by hand: of their lines nothing can be told. */
  readonly broken: ReadonlySet<string>;
}

function configurationsOf(objects: readonly Manifest[]): Configurations {
  try {
    return { found: configurations(objects), broken: new Set() };
  } catch (error) {
    if (!(error instanceof IniSyntaxError)) throw error;
    const broken = objects.filter((object) => !isReadable(object));
    const rest = objects.filter((object) => !broken.includes(object));
    return { found: configurations(rest), broken: new Set(broken.map(objectKey)) };
  }
}

function isReadable({ kind, ...object }: Manifest): boolean {
  const texts = Object.entries((object["data"] ?? {}) as Readonly<Record<string, string>>);
  try {
    for (const [file, text] of texts)
      if (file.endsWith(".conf")) readIniEntries(kind === "Secret" ? Buffer.from(text, "base64").toString() : text);
    return true;
  } catch (error) {
    if (!(error instanceof IniSyntaxError)) throw error;
    return false;
  }
}

function plain(origin: Origin): LineOrigin {
  if (origin.from !== "user") return origin;
  return { from: "user", path: origin.path };
}
