// The lines of the services' configuration files, and the rules of their policies, that a plan changes.
import { type Manifest, type ObjectKey, objectKey } from "../api/manifest.ts";
import { LABEL } from "../api/names.ts";
import { readIniEntries } from "../oslo/read.ts";
import { isFields } from "./fields.ts";
import type { LineOrigins } from "./line-origin.ts";
import { decoded, type Keyed } from "./secrets.ts";

export interface LineChange {
  /** Workload whose file it is: `nova`. */
  readonly workload: string;
  readonly object: ObjectKey;
  /** The object of another content, and so of another name, that goes for it. */
  readonly replaces?: ObjectKey;
  /** `10-base.conf`, `20-secret.conf`, `90-mutable.conf`, `policy.yaml`. */
  readonly file: string;
  /** Of a rule of a policy: `policy`. */
  readonly group: string;
  /** Or the name of the rule. */
  readonly option: string;
  /** The texts as the file has them, several for an option that is written several times; empty: it is not there. */
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** Which part of the Cloud, or who else, says it. Absent: it was not asked. */
  readonly from?: LineOrigins;
}

/** A ConfigMap or Secret before and after, whatever its names are. */
export interface ConfigPair {
  readonly live?: Manifest;
  readonly after?: Manifest;
}

/** The user's rules for who may do what. */
export const POLICY_FILE = "policy.yaml";
/** Stands for the group of an option, which a rule has not. */
const POLICY_GROUP = "policy";
const LAYER = /^(\d\d-[\w-]+\.conf|policy\.yaml)$/;

/** The changed lines of all layers, in order of object, file, group and option. Pure. */
export function configurationChanges(pairs: readonly ConfigPair[], keyed: Keyed): readonly LineChange[] {
  return pairs.flatMap(({ live, after }) => {
    const object = after ?? live;
    if (object === undefined || !["ConfigMap", "Secret"].includes(object.kind)) return [];
    const files = [...new Set([...layers(live).keys(), ...layers(after).keys()])].toSorted();
    return files.flatMap((file) => {
      const [before, now] = [live, after].map((one) => optionsOf(one, { file, stored: layers(one).get(file) }, keyed));
      return fileChanges(before ?? new Map(), now ?? new Map()).map((line) => ({
        workload: object.metadata.labels?.[LABEL.name] ?? object.metadata.name,
        object: objectKey(object),
        ...(live === undefined || objectKey(live) === objectKey(object) ? {} : { replaces: objectKey(live) }),
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

interface StoredFile {
  readonly file: string;
  readonly stored: string | undefined;
}

function optionsOf(object: Manifest | undefined, { file, stored }: StoredFile, keyed: Keyed): Options {
  if (stored === undefined) return new Map();
  const secret = object?.kind === "Secret";
  const text = secret ? decoded(stored) : stored;
  const found = file === POLICY_FILE ? rulesOf(text) : readable(text);
  const entries = found.map((entry) => ({ ...entry, text: secret ? keyed(entry.text) : entry.text }));
  const grouped = Map.groupBy(entries, ({ group, option }) => `${group}\n${option}`);
  return new Map([...grouped].map(([key, lines]) => [key, lines.map((entry) => entry.text)]));
}

interface Entry {
  readonly group: string;
  readonly option: string;
  readonly text: string;
}

/** A file that somebody broke by hand has no options that could be told; the object's own change is told all the same. */
function readable(text: string): readonly Entry[] {
  try {
    return readIniEntries(text);
  } catch {
    return [];
  }
}

/** Each rule is a line, its name and its check in quotes, as it was written. */
function rulesOf(text: string): readonly Entry[] {
  return text.split("\n").flatMap((line): Entry[] => {
    try {
      const rule = Object.entries(JSON.parse(`{${line}}`) as Readonly<Record<string, unknown>>);
      return rule.map(([option, check]) => ({ group: POLICY_GROUP, option, text: String(check) }));
    } catch {
      return []; // somebody else's hand
    }
  });
}
