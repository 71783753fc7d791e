// The content of a plan as it is kept: what comes back is what was kept, or an error that says why not.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { canonicalJson, contentHash } from "../../src/content/canonical.ts";
import {
  chunkOf,
  contentConfigMaps,
  ContentError,
  packContent,
  planLabel,
  type PlanContent,
  unpackContent,
} from "../../src/plan/content.ts";
import { makePlan } from "../../src/plan/plan.ts";
import { keyedBy } from "../../src/plan/secrets.ts";
import { fixedCloud } from "./build-input.ts";

const PREFIX = "laptop-1-plan";
const DNS_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const { spec } = fixedCloud();
const cloud = { namespace: "laptop", name: "laptop", generation: 1, spec };
const EMPTY = makePlan({
  ground: {
    cloud,
    home: "h",
    operator: "o:1",
    images: {},
    catalogue: "c",
    steps: {},
    hypervisors: [],
    live: [],
    manager: "m",
  },
  pairs: [],
  steps: [],
  done: {},
  keyed: keyedBy("key"),
  refused: [],
  provisional: [],
  notes: [],
});

function content(notes: readonly string[], before = true): PlanContent {
  return { formatVersion: 1, plan: { ...EMPTY, notes }, ...(before ? { before: spec } : {}), after: spec };
}

/** Nothing that can be compressed: two parts and more. */
const LARGE = content(Array.from({ length: 12 }, () => randomBytes(48_000).toString("base64")));
const anyContent = fc
  .tuple(fc.array(fc.string({ unit: "binary" }), { maxLength: 5 }), fc.boolean())
  .map(([notes, before]) => content(notes, before));

const dataOf = (packed: { readonly chunks: readonly { readonly data: string }[] }): string[] =>
  packed.chunks.map(({ data }) => data);

test("what is kept comes back", () => {
  fc.assert(
    fc.property(anyContent, (one) => {
      const packed = packContent(one, { prefix: PREFIX });
      assert.equal(canonicalJson(unpackContent(dataOf(packed), packed.hash)), canonicalJson(one));
      assert.equal(packed.hash, contentHash(one));
    }),
  );
});

test("equal content is kept alike at any time, another under other names", () => {
  const first = packContent(content(["one"]), { prefix: PREFIX });
  const { after, ...rest } = content(["one"]);
  assert.deepEqual(packContent({ after, ...rest }, { prefix: PREFIX }), first);
  const header = Buffer.from(first.chunks[0]?.data ?? "", "base64").subarray(4, 8);
  assert.deepEqual([...header], [0, 0, 0, 0], "gzip's header has no time");
  const other = packContent(content(["two"]), { prefix: PREFIX });
  assert.notEqual(other.hash, first.hash);
  assert.notEqual(other.chunks[0]?.name, first.chunks[0]?.name);
});

test("a large content is cut into parts of at most 256 KiB", () => {
  const packed = packContent(LARGE, { prefix: PREFIX });
  assert.ok(packed.chunks.length >= 3, `${packed.chunks.length} parts`);
  for (const { name, data } of packed.chunks) {
    assert.ok(data.length <= 256 * 1024);
    assert.match(name, /^laptop-1-plan-[0-9a-f]{10}$/);
  }
  assert.deepEqual(unpackContent(dataOf(packed), packed.hash), LARGE);
});

test("a part that is missing, changed or in another place is an error and nothing else", () => {
  const packed = packContent(LARGE, { prefix: PREFIX });
  const data = dataOf(packed);
  const refuses = (chunks: readonly (string | undefined)[], reason: RegExp): void =>
    assert.throws(
      () => unpackContent(chunks, packed.hash),
      (error) => error instanceof ContentError && reason.test(error.message),
    );
  refuses([], /none of its parts/);
  refuses([data[0], undefined, ...data.slice(2)], new RegExp(`part 2 of ${data.length} is missing`));
  for (const index of data.keys()) refuses(data.toSpliced(index, 1), /missing|hash/);
  refuses(data.toReversed(), /parts do not belong together/);
  assert.throws(() => unpackContent(data, "0".repeat(64)), /its hash is [0-9a-f]{64}, and should be 0{64}/);
  fc.assert(
    fc.property(fc.nat(data.length - 1), fc.nat(200_000), (index, at) => {
      const text = data[index] ?? "";
      const place = at % text.length;
      const changed = `${text.slice(0, place)}${text[place] === "A" ? "B" : "A"}${text.slice(place + 1)}`;
      // A few bits of base64 and of gzip's header say nothing of the content: then it is what it was.
      try {
        assert.deepEqual(unpackContent(data.toSpliced(index, 1, changed), packed.hash), LARGE);
      } catch (error) {
        assert.ok(error instanceof ContentError, String(error));
      }
    }),
    { numRuns: 25 },
  );
});

test("a later form, and what unfolds to too much, are refused", () => {
  const later = canonicalJson({ ...content([]), formatVersion: 2 });
  const text = gzipSync(later).toString("base64");
  assert.throws(
    () => unpackContent([text], contentHash(JSON.parse(later))),
    /it has form 2, and this version reads form 1/,
  );
  const bomb = gzipSync(Buffer.alloc(65 * 1024 * 1024), { level: 1 }).toString("base64");
  assert.throws(() => unpackContent([bomb], ""), ContentError);
});

test("the ConfigMaps never change, belong to the Plan, and are no objects of the Cloud", () => {
  const packed = packContent(LARGE, { prefix: PREFIX });
  const owner = { namespace: "laptop", name: "laptop-1", uid: "u-1" };
  const maps = contentConfigMaps(packed, owner);
  assert.deepEqual(
    maps.map(({ metadata }) => metadata.name),
    packed.chunks.map(({ name }) => name),
  );
  for (const one of maps) {
    assert.equal(one["immutable"], true);
    assert.deepEqual(one.metadata.labels, { "underpin.dev/plan": "laptop-1" });
    assert.deepEqual(one.metadata["ownerReferences"], [
      { apiVersion: "underpin.dev/v1alpha1", kind: "Plan", name: "laptop-1", uid: "u-1" },
    ]);
  }
  assert.deepEqual(unpackContent(maps.map(chunkOf), packed.hash), LARGE);
  assert.equal(chunkOf(undefined), undefined);
  assert.equal(chunkOf({ data: { other: "x" } }), undefined);
});

test("names are what the API server takes, however long the Plan's name is", () => {
  const names = fc
    .stringMatching(/^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$/)
    .filter((name) => DNS_NAME.test(name) && name.length <= 253);
  fc.assert(
    fc.property(names, (name) => {
      const [chunk] = packContent(content([]), { prefix: name }).chunks;
      assert.ok(chunk !== undefined && chunk.name.length <= 253);
      assert.match(chunk.name, DNS_NAME);
      assert.ok(planLabel(name).length <= 63);
      assert.match(planLabel(name), /^[a-z0-9]([-._a-z0-9]*[a-z0-9])?$/);
    }),
  );
  assert.notEqual(planLabel("a".repeat(100)), planLabel("a".repeat(101)));
});

test("what is kept is the canonical text, compressed, and nothing beside it", () => {
  const packed = packContent(content(["(secret 0123456789abcdef)"]), { prefix: PREFIX });
  const text = gunzipSync(Buffer.from(dataOf(packed).join(""), "base64")).toString("utf8");
  assert.equal(text, canonicalJson(content(["(secret 0123456789abcdef)"])));
});
