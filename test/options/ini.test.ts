// What our writer writes is what oslo.config itself reads, and our reader reads and refuses files as it does.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as fc from "fast-check";
import { IniError, multi, writeIni, type IniData } from "../../src/oslo/ini.ts";
import { IniSyntaxError, readIni, readIniEntries } from "../../src/oslo/read.ts";
import { type ImagePython, imagePython, skip } from "../harness/image-python.ts";

const RUNS = 400;
const SEED = 20261122;

let python: ImagePython | undefined;
before(async () => {
  if (skip === false) python = await imagePython("openstack");
});
after(async () => {
  await python?.[Symbol.asyncDispose]();
});

/** Reads each case with oslo.config: the values of the options that are named, by their types, or `null` when it refuses the file. */
const READER = `
import json, os, sys, tempfile
from oslo_config import cfg
TYPES = {"many": cfg.MultiStrOpt, "list": cfg.ListOpt, "map": cfg.DictOpt}
def read(case):
    with tempfile.NamedTemporaryFile("w", suffix=".conf", encoding="utf-8", newline="") as file:
        file.write(case["text"]); file.flush()
        conf = cfg.ConfigOpts()
        for group, options in case["options"].items():
            for name, kind in options.items():
                conf.register_opt(TYPES[kind](name), group=None if group == "DEFAULT" else group)
        try:
            conf([], project="trial", default_config_files=[file.name], default_config_dirs=[])
        except (cfg.ConfigFileParseError, cfg.ConfigFileValueError):
            return None
        holder = lambda group: conf if group == "DEFAULT" else conf[group]
        return {group: {name: holder(group)[name] for name in options} for group, options in case["options"].items()}
json.dump([read(case) for case in json.load(sys.stdin)], sys.stdout)
`;

interface Case {
  readonly text: string;
  readonly options: Readonly<Record<string, Readonly<Record<string, "many" | "list" | "map">>>>;
}

type Read = Readonly<Record<string, Readonly<Record<string, unknown>>>> | null;

async function readByOslo(cases: readonly Case[]): Promise<readonly Read[]> {
  return JSON.parse((await python?.run(READER, JSON.stringify(cases))) ?? "[]") as readonly Read[];
}

const group = fc.constantFrom("DEFAULT", "g_one", "g_two");
const option = fc.stringMatching(/^o_[a-z0-9_]{1,8}$/);
const line = fc.string({ unit: "grapheme", maxLength: 16 }).filter((text) => !/[^\P{Cc}\t]/u.test(text));
const nasty = fc.constantFrom(
  "$",
  "$$",
  "$a",
  "${a}",
  '"',
  "'",
  '"a"',
  "'a'",
  '"a',
  " a",
  "a ",
  "\t",
  "#a",
  ";a",
  "a=b",
  "[x]",
  "a:b",
  "",
  "\\$",
  "%(a)s",
);
const continuation = line.filter((text) => text !== "" && text === text.trim());
const text = fc.oneof(
  line,
  nasty,
  fc.tuple(line, fc.array(continuation, { maxLength: 2 })).map(([first, rest]) => [first, ...rest].join("\n")),
);
const item = fc.oneof(line, nasty).filter((one) => one !== "" && one === one.trim() && !/[,:"']/.test(one));

/** Options of one type with a value each; cases that the format cannot carry are left out. */
function written<T>(
  kind: "many" | "list" | "map",
  value: fc.Arbitrary<T>,
  form: (value: T) => IniData[string][string],
) {
  return fc
    .sample(fc.dictionary(group, fc.dictionary(option, value, { minKeys: 1, maxKeys: 4 }), { minKeys: 1 }), {
      numRuns: RUNS,
      seed: SEED,
    })
    .flatMap((data) => {
      const formed = mapOptions(data, form);
      try {
        return [{ data, text: writeIni(formed), options: mapOptions(data, () => kind) }];
      } catch (error) {
        if (!(error instanceof IniError)) throw error;
        return [];
      }
    });
}

function mapOptions<From, To>(
  data: Readonly<Record<string, Readonly<Record<string, From>>>>,
  to: (value: From) => To,
): Record<string, Record<string, To>> {
  return Object.fromEntries(
    Object.entries(data).map(([name, options]) => [
      name,
      Object.fromEntries(Object.entries(options).map(([key, value]) => [key, to(value)])),
    ]),
  );
}

async function compare(cases: readonly (Case & { readonly data: unknown })[]): Promise<void> {
  assert.ok(cases.length > RUNS / 2, `only ${cases.length} cases can be written`);
  (await readByOslo(cases)).forEach((read, index) =>
    assert.deepEqual(read, plain(cases[index]?.data), `case ${index}:\n${cases[index]?.text}`),
  );
}

/** Without the empty prototypes of generated dictionaries. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

test("oslo.config reads every text that is written, repeated or not", { skip }, async () => {
  await compare(written("many", fc.array(text, { minLength: 1, maxLength: 3 }), (values) => multi(...values)));
});

test("oslo.config reads lists", { skip }, async () => {
  await compare(written("list", fc.array(item, { minLength: 1, maxLength: 4 }), (values) => values));
});

test("oslo.config reads maps", { skip }, async () => {
  const map = fc.dictionary(option, item, { minKeys: 1, maxKeys: 3 });
  await compare(written("map", map, (values) => values));
});

test("our reader reads, and refuses, what oslo.config does", { skip }, async () => {
  const part = fc.constantFrom(
    "[g_one]",
    "[g_two]",
    "[]",
    "[g",
    "o_a = x",
    "o_a: 'y'",
    "o_b =",
    "  more",
    "\tmore",
    "",
    " ",
    "# c",
    "; c",
    "o_b",
    "= x",
    'o_a = "',
    "o_a = $$x",
    "o_a = \\$$$x",
    "o_b = \\\\$x$$",
    "o_b = a=b:c",
  );
  const files = fc.sample(fc.array(part, { minLength: 1, maxLength: 7 }), { numRuns: RUNS, seed: SEED });
  const kinds = { o_a: "many", o_b: "many" } as const;
  const cases = files.map((lines) => ({ text: `${lines.join("\n")}\n`, options: { g_one: kinds, g_two: kinds } }));
  const ours = cases.map((one) => readByUs(one.text));
  assert.ok(ours.includes(null) && ours.some((one) => one !== null), "some are refused and some are not");
  (await readByOslo(cases)).forEach((read, index) =>
    assert.deepEqual(withoutUnset(read), ours[index], `case ${index}:\n${cases[index]?.text}`),
  );
});

/** What oslo.config's parser finds in each file: values of keys of sections, before references are looked at. */
const PARSER = `
import json, sys, tempfile
from oslo_config import cfg, iniparser
def parsed(text):
    with tempfile.NamedTemporaryFile("wb") as file:
        file.write(text.encode()); file.flush()
        sections = {}
        try:
            cfg.ConfigParser(file.name, sections).parse()
        except iniparser.ParseError:
            return None
        return [[section, key, values] for section, keys in sections.items() for key, values in keys.items()]
json.dump([parsed(text) for text in json.load(sys.stdin)], sys.stdout)
`;

test("files with changes anywhere are read, or refused, as oslo.config's parser does", { skip }, async () => {
  const value = fc.oneof(text, nasty);
  const data = fc.dictionary(
    fc.oneof(group, fc.constantFrom("__proto__", "a b", "A:B=")),
    fc.dictionary(option, fc.array(value, { minLength: 1, maxLength: 2 }), { minKeys: 1, maxKeys: 3 }),
    { minKeys: 1 },
  );
  const change = fc.record({ at: fc.nat(), removed: fc.nat(3), inserted: fc.constantFrom(...CHANGES) });
  const file = fc
    .tuple(data, fc.array(change, { maxLength: 4 }))
    .map(([groups, changes]) => changes.reduce(changedAt, writtenOrEmpty(groups)).toWellFormed());
  const files = fc.sample(file, { numRuns: 4000, seed: SEED });
  const answer = JSON.parse((await python?.run(PARSER, JSON.stringify(files))) ?? "[]") as (Parsed[] | null)[];
  const theirs = answer.map((found) => found && inOrder(found));
  assert.ok(theirs.filter((one) => one === null).length > 400, "some are refused");
  assert.ok(theirs.filter((one) => one !== null).length > 400, "some are not");
  files.forEach((one, index) => assert.deepEqual(parsedByUs(one), theirs[index], JSON.stringify(one)));
});

type Parsed = readonly [section: string, key: string, values: readonly string[]];

function inOrder(found: readonly Parsed[]) {
  const places = found.map(([section, key, values]) => [JSON.stringify([section, key]), values] as const);
  return places.toSorted(([one], [other]) => (one < other ? -1 : 1));
}

/** What ends a line or might, what means something in a file, and what does not. */
const CHANGES = Array.from("\n\r \t\u00a0\u000b\u001c\u0085\u2028\ufeff=:[]#;\"'$\\\0x\u{1f600}").concat(
  "",
  "\r\n",
  "\n\n",
  "\n ",
  "\n[",
  "\n[g]\n",
  "\n#",
  "\n= y",
);

function changedAt(file: string, { at, removed, inserted }: { at: number; removed: number; inserted: string }): string {
  const place = at % (file.length + 1);
  return file.slice(0, place) + inserted + file.slice(place + removed);
}

function writtenOrEmpty(groups: Record<string, Record<string, readonly string[]>>): string {
  try {
    return writeIni(mapOptions(groups, (values) => multi(...values)));
  } catch (error) {
    if (error instanceof IniError) return "";
    throw error;
  }
}

/** As the parser's own structure, in order of section and key. */
function parsedByUs(file: string): unknown {
  try {
    const places = Map.groupBy(readIniEntries(file), ({ group, option }) => JSON.stringify([group, option]));
    const found = [...places].map(([place, entries]) => [place, entries.map((entry) => entry.text)] as const);
    return found.toSorted(([one], [other]) => (one < other ? -1 : 1));
  } catch (error) {
    if (error instanceof IniSyntaxError) return null;
    throw error;
  }
}

function readByUs(file: string): Read {
  try {
    const read = readIni(file);
    return Object.fromEntries(Object.entries(read).filter(([, options]) => Object.keys(options).length > 0));
  } catch (error) {
    if (error instanceof IniSyntaxError) return null;
    throw error;
  }
}

function withoutUnset(read: Read): Read {
  if (read === null) return null;
  const groups = Object.entries(read).map(([name, options]): [string, Record<string, unknown>] => [
    name,
    Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null)),
  ]);
  return Object.fromEntries(groups.filter(([, options]) => Object.keys(options).length > 0));
}
