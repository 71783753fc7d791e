// The graph of steps in a terminal and as a picture; UPDATE_GOLDEN=1 writes the files of cli-golden.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { parseXml, XmlElement } from "@rgrove/parse-xml";
import fc from "fast-check";
import {
  directNeeds,
  type GraphStep,
  graphOfStored,
  lanesOf,
  longestChain,
  ordered,
} from "../../src/cli/render/graph.ts";
import { graphLines, type GraphView, stateSign, STATES_IN_ORDER } from "../../src/cli/render/graph-text.ts";
import { graphSvg } from "../../src/cli/render/svg-graph.ts";
import { storedPlan } from "./stored-plans.ts";

const GOLDEN = new URL("cli-golden/", import.meta.url);
const NOW = new Date("2026-01-01T00:00:35Z");

function drawn(steps: readonly GraphStep[], view: Partial<GraphView> = {}): string[] {
  return graphLines(steps, { width: 80, color: false, now: NOW, steps: "names", ...view });
}

function sameAsGolden(name: string, text: string): void {
  const file = new URL(name, GOLDEN);
  if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(file, text);
  assert.equal(text, readFileSync(file, "utf8"));
}

const WORKLOADS = ["nova", "neutron", "glance", "ovn"];

/** Up to 60 steps, each after some of those before it. */
const graphs = fc
  .array(
    fc.record({
      workload: fc.constantFrom(...WORKLOADS),
      name: fc.stringMatching(/^[a-z][a-z-]{0,14}[a-z]$/),
      needs: fc.array(fc.nat(59), { maxLength: 4 }),
      state: fc.constantFrom(...STATES_IN_ORDER),
      seconds: fc.option(fc.double({ min: 0, max: 4000, noNaN: true }), { nil: undefined }),
      expectedSeconds: fc.option(fc.double({ min: 0, max: 4000, noNaN: true }), { nil: undefined }),
    }),
    { maxLength: 60 },
  )
  .map((found) => {
    const ids = found.map(({ workload, name }, index) => `${workload}/${name}-${index}`);
    return ordered(
      found.map(({ needs, state, seconds, expectedSeconds }, index) => ({
        id: ids[index] ?? "",
        after: needs.filter((need) => need < index).map((need) => ids[need] ?? ""),
        state,
        seconds,
        expectedSeconds,
        startedAt: "2026-01-01T00:00:00Z",
      })),
    );
  });

const SIGNS = STATES_IN_ORDER.map(stateSign).join("");

/** The steps that a drawing shows, with their signs, from its text alone. */
function readBack(lines: readonly string[]): string[] {
  let workload = "";
  return lines.slice(0, lines.indexOf("")).flatMap((line) => {
    workload = /^[a-z]+/.exec(line)?.[0] ?? workload;
    const lane = workload;
    return [...line.matchAll(new RegExp(`([${SIGNS}]) ([a-z-]+-[0-9]+)`, "g"))].map(
      ([, sign, name]) => `${sign} ${lane}/${name}`,
    );
  });
}

test("every step is drawn once, with the sign of its state, within the width", () => {
  fc.assert(
    fc.property(graphs, fc.integer({ min: 40, max: 160 }), (steps, width) => {
      const lines = drawn(steps, { width });
      for (const line of lines) assert.ok(Array.from(line).length <= width, line);
      const expected = steps.map(({ id, state }) => `${stateSign(state)} ${id}`);
      if (steps.length > 0) assert.deepEqual(readBack(lines).toSorted(), expected.toSorted());
    }),
  );
});

test("signs alone: one a step, and a line a workload while no step runs", () => {
  fc.assert(
    fc.property(graphs, fc.integer({ min: 40, max: 160 }), (steps, width) => {
      const lines = drawn(steps, { width, steps: "signs" });
      for (const line of lines) assert.ok(Array.from(line).length <= width, line);
      const quiet = steps.map((step): GraphStep => ({ ...step, state: "Done" }));
      const all = drawn(quiet, { width, steps: "signs" }).slice(0, -2);
      const signs = all.join("").match(new RegExp(`[${SIGNS}]`, "g"))?.length ?? 0;
      if (steps.length > 0) assert.equal(signs, steps.length);
    }),
  );
});

test("colour adds nothing but colour", () => {
  fc.assert(
    fc.property(graphs, fc.constantFrom("names" as const, "signs" as const), (steps, form) => {
      const colored = drawn(steps, { color: true, steps: form }).join("\n");
      // oxlint-disable-next-line no-control-regex
      assert.equal(colored.replaceAll(/\u001b\[\d+m/g, ""), drawn(steps, { steps: form }).join("\n"));
      if (steps.some(({ state }) => state === "Running")) assert.ok(colored.includes("\u001b[33m"));
    }),
  );
});

test("sixty steps of a whole cloud fit on a screen of 80 columns", () => {
  const steps = storedSteps(60);
  assert.ok(drawn(steps).length <= 40);
  assert.ok(drawn(steps, { steps: "signs" }).length <= 20);
});

function storedSteps(count: number): readonly GraphStep[] {
  return ordered(
    Array.from({ length: count }, (_, index) => ({
      id: `workload-${index % 14}/step-${Math.floor(index / 14)}`,
      after: index < 14 ? [] : [`workload-${index % 14}/step-${Math.floor(index / 14) - 1}`],
      state: "Waiting",
    })),
  );
}

test("what a step waits for is said once: what follows from the rest is left out", () => {
  const steps = ordered([
    { id: "a/1", after: [], state: "Done" },
    { id: "a/2", after: ["a/1"], state: "Done" },
    { id: "b/1", after: ["a/1", "a/2"], state: "Waiting" },
  ]);
  assert.deepEqual(directNeeds(steps).get("b/1"), ["a/2"]);
  assert.deepEqual(drawn(steps).slice(0, 2), ["a  ● 1* ━ ● 2*", "b  ○ 1* ←a/2"]);
});

test("the longest chain is that of the seconds, measured ones before expected ones", () => {
  const steps = ordered([
    { id: "a/1", after: [], state: "Done", seconds: 1, expectedSeconds: 100 },
    { id: "b/1", after: [], state: "Waiting", expectedSeconds: 10 },
    { id: "c/1", after: ["a/1", "b/1"], state: "Waiting", expectedSeconds: 5 },
  ]);
  assert.deepEqual(longestChain(steps), { ids: new Set(["c/1", "b/1"]), seconds: 15 });
  assert.equal(longestChain(ordered([{ id: "a/1", after: [], state: "Waiting" }])).seconds, undefined);
});

test("a graph that cannot be is drawn all the same: circles, unknown needs, doubles", () => {
  const steps = ordered([
    { id: "a/1", after: ["a/2", "gone/1"], state: "Waiting" },
    { id: "a/2", after: ["a/1", "a/1"], state: "Waiting" },
    { id: "a/2", after: [], state: "Waiting" },
  ]);
  assert.equal(steps.length, 2);
  assert.equal(lanesOf(steps).length, 1);
  assert.deepEqual(drawn([]), ["There are no steps."]);
});

test("the picture: every step once, well formed, and nothing from elsewhere", () => {
  fc.assert(
    fc.property(graphs, fc.string({ unit: "binary", maxLength: 40 }), (steps, title) => {
      const svg = graphSvg(steps, { title, lines: [title] });
      const { root } = parseXml(svg);
      assert.ok(root !== null);
      const all = elementsOf(root);
      const ids = all.flatMap(({ attributes }) => attributes["data-step"] ?? []);
      assert.deepEqual(ids.toSorted(), steps.map(({ id }) => id).toSorted());
      const names = new Set(all.map(({ name }) => name));
      for (const name of ["script", "image", "use", "foreignObject", "a"]) assert.ok(!names.has(name), name);
      assert.doesNotMatch(svg.replace('xmlns="http://www.w3.org/2000/svg"', ""), /https?:|url\(|@import|@font-face/);
    }),
    { numRuns: 50 },
  );
});

function elementsOf(element: XmlElement): XmlElement[] {
  return [element, ...element.children.flatMap((child) => (child instanceof XmlElement ? elementsOf(child) : []))];
}

test("a picture of nothing says so", () => {
  const root = parseXml(graphSvg([], { title: "Plan of laptop/laptop", lines: [] })).root;
  assert.equal(elementsOf(root as XmlElement).find(({ name }) => name === "desc")?.text, "There are no steps.");
});

test("the picture names what it shows, step by step, and is the same each time", () => {
  const steps = graphOfStored(storedPlan());
  const svg = graphSvg(steps, { title: "Plan <laptop-7> & more", lines: ["Running: 4 of 6 steps done"] });
  assert.equal(svg, graphSvg(steps, { title: "Plan <laptop-7> & more", lines: ["Running: 4 of 6 steps done"] }));
  const all = elementsOf(parseXml(svg).root as XmlElement);
  const text = (name: string): string[] => all.filter((one) => one.name === name).map((one) => one.text);
  assert.equal(text("title")[0], "Plan <laptop-7> & more");
  assert.match(
    text("desc")[0] ?? "",
    /^6 steps: 4 done, 1 runs, 1 waits\. The longest chain: mariadb\/base, mariadb\/ready/,
  );
  assert.ok(
    text("title").includes(
      "keystone/db: done, 9 s, expected 8 s; on the longest chain; after keystone/base, mariadb/ready",
    ),
  );
  sameAsGolden("plan.svg", svg);
});
