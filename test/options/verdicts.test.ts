// Every option of every service: our verdict and value are those of the oslo.config that its image has.
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { loadRecipes } from "../../src/images/registry.ts";
import { DIGIT_ZEROS } from "../../src/oslo/python-text.ts";
import { catalogueServices, loadCatalogue } from "../../src/releases/catalogue.ts";
import { releaseNames } from "../../src/releases/index.ts";
import { type ImagePython, imagePython, skip } from "../harness/image-python.ts";
import { optionsOf, triedClouds } from "./clouds.ts";
import { brief, changed, difference } from "./comparison.ts";
import { random } from "./corpus.ts";
import { askOslo } from "./oslo-side.ts";
import { filesOf, textPairs, typedPairs } from "./pairs.ts";

const SEED = 20261123;
const LEAST_PAIRS = 200_000;
const MOST_UNCHECKED = 0.005;
/** For the long run `UNDERPIN_OPTIONS=all`: every option with the whole corpus. */
const AMOUNT =
  process.env["UNDERPIN_OPTIONS"] === "all"
    ? { nasty: 1000, mutations: 24, typed: 1000 }
    : { nasty: 28, mutations: 9, typed: 9 };
const CLOUDS = 20;

interface Found {
  pairs: number;
  accepted: number;
  rejected: number;
  typed: number;
  references: number;
  readonly options: string[];
  /** Options whose type is the service's own. */
  readonly unchecked: string[];
  /** Of those that no namespace lists: their modules are loaded only by a process that runs. */
  readonly unlisted: string[];
  readonly missing: string[];
  readonly wrong: string[];
}

for (const release of await releaseNames()) {
  const services = await catalogueServices(release);
  if (services.length > 0) await test(`release ${release}`, { skip }, (t) => compareRelease(release, services, t));
}

async function compareRelease(release: string, services: readonly string[], t: TestContext): Promise<void> {
  const found: Found = {
    pairs: 0,
    accepted: 0,
    rejected: 0,
    typed: 0,
    references: 0,
    options: [],
    unchecked: [],
    unlisted: [],
    missing: [],
    wrong: [],
  };
  for (const [image, ofImage] of await byImage(release, services)) {
    await using python = await imagePython(image);
    await inPairs(ofImage, (service) => compareService(python, { release, service }, found));
  }
  t.diagnostic(
    `${found.options.length} options, ${found.pairs} pairs (${found.accepted} accepted, ${found.rejected} rejected, ${found.typed} typed), ${found.references} values with references; unchecked: ${found.unchecked.join(", ") || "none"}; not found, since nothing lists them: ${found.unlisted.join(", ") || "none"}`,
  );
  await t.test("verdicts and values are oslo.config's", () => assert.deepEqual(found.wrong.slice(0, 30), []));
  await t.test("there are enough pairs, and enough of both verdicts", () => {
    assert.ok(found.pairs >= LEAST_PAIRS, `${found.pairs} pairs`);
    assert.ok(Math.min(found.accepted, found.rejected) > found.pairs / 5, brief([found.accepted, found.rejected]));
    assert.ok(found.typed > LEAST_PAIRS / 20, `${found.typed} typed values`);
  });
  await t.test("hardly any option is unchecked or not compared", () => {
    const most = found.options.length * MOST_UNCHECKED;
    const not = [...found.unchecked, ...found.unlisted];
    assert.ok(not.length < most, `${not.length} are: ${not.join(", ")}`);
  });
  await t.test("the image has every option that a namespace lists", () => assert.deepEqual(found.missing, []));
}

async function byImage(release: string, services: readonly string[]): Promise<Map<string, string[]>> {
  const recipes = [...(await loadRecipes()).values()].filter(({ venv }) => venv?.release === release);
  return Map.groupBy(services, (service) => {
    const recipe = recipes.find(({ users }) => users.some(({ name }) => name === service));
    assert.ok(recipe, `no recipe has ${service} of ${release}`);
    return recipe.name;
  });
}

/** Two at a time: each is a process of its own, and so are our answers. */
async function inPairs(names: readonly string[], work: (name: string) => Promise<void>): Promise<void> {
  const left = [...names];
  const worker = async (): Promise<void> => {
    for (let name = left.pop(); name !== undefined; name = left.pop()) await work(name);
  };
  await Promise.all([worker(), worker()]);
}

async function compareService(python: ImagePython, of: { release: string; service: string }, found: Found) {
  const { release, service } = of;
  const catalogue = await loadCatalogue(release, service);
  const options = optionsOf(catalogue);
  const names = options.map(({ group, name }) => `${service} [${group}] ${name}`);
  const next = random(SEED);
  const files = filesOf([...textPairs(options, AMOUNT, next), ...typedPairs(options, AMOUNT, next)]);
  const clouds = triedClouds(catalogue, CLOUDS, next);
  const question = { files: files.map(({ file }) => file), clouds: clouds.map(({ cloud }) => cloud) };
  const answers = await askOslo(python, { service, options, ...question });
  const note = (index: number, what: string, why: string | undefined): void => {
    if (why !== undefined) found.wrong.push(`${names[index]}: ${brief(what)}: ${why}`);
  };
  files.forEach(({ pairs }, file) =>
    pairs.forEach(({ option, lines, ours, typed }, at) => {
      const theirs = answers.files[file]?.[at];
      if (theirs?.[0] !== "missing") count(found, ours.verdict);
      note(option, lines, difference(ours, theirs));
      const declared = options[option];
      if (typed === undefined || theirs === undefined || declared === undefined) return;
      found.typed += 1;
      if (ours.verdict === "accept") note(option, lines, changed(declared, typed, theirs));
    }),
  );
  clouds.forEach(({ cloud, ours, texts }, index) =>
    ours.forEach((verdict, at) => {
      if (verdict.verdict !== "unchecked") found.references += 1;
      note(cloud.ask[at] ?? -1, texts[at] ?? "", difference(verdict, answers.clouds[index]?.[at]));
    }),
  );
  found.options.push(...names);
  for (const index of answers.missing)
    (options[index]?.namespaces.length === 0 ? found.unlisted : found.missing).push(names[index] ?? "");
  found.unchecked.push(...names.filter((_, index) => JSON.stringify(options[index]?.type).includes('"unchecked"')));
}

function count(found: Found, verdict: "accept" | "reject" | "unchecked"): void {
  if (verdict === "unchecked") return;
  found.pairs += 1;
  found[verdict === "accept" ? "accepted" : "rejected"] += 1;
}

test("our digits are those of the image's Python", { skip }, async () => {
  await using python = await imagePython("openstack");
  const script = `import json, sys, unicodedata
json.dump([c for c in range(0x110000) if unicodedata.decimal(chr(c), None) == 0], sys.stdout)`;
  assert.deepEqual(JSON.parse(await python.run(script)), DIGIT_ZEROS);
});
