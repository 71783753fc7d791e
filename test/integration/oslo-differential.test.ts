// What our writer writes is what oslo.config itself reads, and our reader reads files as it does.
// Needs a Python with oslo.config: UNDERPIN_OSLO_PYTHON=/opt/openstack/bin/python
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import * as fc from "fast-check";
import { IniError, multi, writeIni, type IniData } from "../../src/oslo/ini.ts";
import { IniSyntaxError, readIni } from "../../src/oslo/read.ts";

const PYTHON = process.env["UNDERPIN_OSLO_PYTHON"];
const skip = PYTHON === undefined && "UNDERPIN_OSLO_PYTHON names no Python that has oslo.config";
const RUNS = 400;

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

function readByOslo(cases: readonly Case[]): readonly Read[] {
  const output = execFileSync(PYTHON ?? "", ["-c", READER], {
    input: JSON.stringify(cases),
    maxBuffer: 2 ** 26,
    env: { PYTHONUTF8: "1" },
  });
  return JSON.parse(output.toString()) as readonly Read[];
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
      seed: 20261122,
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

function compare(cases: readonly (Case & { readonly data: unknown })[]): void {
  assert.ok(cases.length > RUNS / 2, `only ${cases.length} cases can be written`);
  readByOslo(cases).forEach((read, index) =>
    assert.deepEqual(read, plain(cases[index]?.data), `case ${index}:\n${cases[index]?.text}`),
  );
}

/** Without the empty prototypes of generated dictionaries. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

test("oslo.config reads every text that is written, repeated or not", { skip }, () => {
  compare(written("many", fc.array(text, { minLength: 1, maxLength: 3 }), (values) => multi(...values)));
});

test("oslo.config reads lists", { skip }, () => {
  compare(written("list", fc.array(item, { minLength: 1, maxLength: 4 }), (values) => values));
});

test("oslo.config reads maps", { skip }, () => {
  const map = fc.dictionary(option, item, { minKeys: 1, maxKeys: 3 });
  compare(written("map", map, (values) => values));
});

test("our reader reads, and refuses, what oslo.config does", { skip }, () => {
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
  const files = fc.sample(fc.array(part, { minLength: 1, maxLength: 7 }), { numRuns: RUNS, seed: 20261122 });
  const kinds = { o_a: "many", o_b: "many" } as const;
  const cases = files.map((lines) => ({ text: `${lines.join("\n")}\n`, options: { g_one: kinds, g_two: kinds } }));
  const ours = cases.map((one) => readByUs(one.text));
  assert.ok(ours.includes(null) && ours.some((one) => one !== null), "some are refused and some are not");
  readByOslo(cases).forEach((read, index) =>
    assert.deepEqual(withoutUnset(read), ours[index], `case ${index}:\n${cases[index]?.text}`),
  );
});

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
