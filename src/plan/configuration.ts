// The lines of the services' configuration files that a plan changes.
import { type Manifest, type ObjectKey, objectKey } from "../api/manifest.ts";
import { LABEL } from "../api/names.ts";
import { readIniEntries } from "../oslo/read.ts";
import { isFields } from "./fields.ts";
import { decoded, type Keyed } from "./secrets.ts";

export interface LineChange {
  /** Workload whose file it is: `nova`. */
  readonly workload: string;
  readonly object: ObjectKey;
  /** `10-base.conf`, `20-secret.conf`, `90-mutable.conf`. */
  readonly file: string;
  readonly group: string;
  readonly option: string;
  /** The texts as the file has them, several for an option that is written several times; empty: it is not there. */
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/** A ConfigMap or Secret before and after, whatever its names are. */
export interface ConfigPair {
  readonly live?: Manifest;
  readonly after?: Manifest;
}

const LAYER = /^\d\d-[\w-]+\.conf$/;

/** The changed lines of all layers, in order of object, file, group and option. Pure. */
export function configurationChanges(pairs: readonly ConfigPair[], keyed: Keyed): readonly LineChange[] {
  return pairs.flatMap(({ live, after }) => {
    const object = after ?? live;
    if (object === undefined || !["ConfigMap", "Secret"].includes(object.kind)) return [];
    const files = [...new Set([...layers(live).keys(), ...layers(after).keys()])].toSorted();
    return files.flatMap((file) => {
      const [before, now] = [live, after].map((one) => optionsOf(one, layers(one).get(file), keyed));
      return fileChanges(before ?? new Map(), now ?? new Map()).map((line) => ({
        workload: object.metadata.labels?.[LABEL.name] ?? object.metadata.name,
        object: objectKey(object),
        file,
        ...line,
      }));
    });
  });
}

type Options = ReadonlyMap<string, readonly string[]>;

function fileChanges(before: Options, after: Options): Pick<LineChange, "group" | "option" | "before" | "after">[] {
  const keys = [...new Set([...before.keys(), ...after.keys()])].toSorted();
  return keys.flatMap((key) => {
    const [was, is] = [before.get(key) ?? [], after.get(key) ?? []];
    if (JSON.stringify(was) === JSON.stringify(is)) return [];
    const [group = "", option = ""] = key.split("\n");
    return [{ group, option, before: was, after: is }];
  });
}

function layers(object: Manifest | undefined): ReadonlyMap<string, string> {
  const data = object?.["data"];
  if (!isFields(data)) return new Map();
  return new Map(Object.entries(data).flatMap(([name, text]) => (LAYER.test(name) ? [[name, String(text)]] : [])));
}

function optionsOf(object: Manifest | undefined, stored: string | undefined, keyed: Keyed): Options {
  if (stored === undefined) return new Map();
  const secret = object?.kind === "Secret";
  const text = secret ? decoded(stored) : stored;
  const entries = readable(text).map((entry) => ({ ...entry, text: secret ? keyed(entry.text) : entry.text }));
  const grouped = Map.groupBy(entries, ({ group, option }) => `${group}\n${option}`);
  return new Map([...grouped].map(([key, found]) => [key, found.map((entry) => entry.text)]));
}

/** A file that somebody broke by hand has no options that could be told; the object's own change is told all the same. */
function readable(text: string): ReturnType<typeof readIniEntries> {
  try {
    return readIniEntries(text);
  } catch {
    return [];
  }
}
