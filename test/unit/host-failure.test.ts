import assert from "node:assert/strict";
import { test } from "node:test";
import { causeOf, lastLines } from "../../src/host/failure.ts";

const OUTPUTS: readonly (readonly [string, "network" | "disk" | undefined])[] = [
  [
    "dial tcp: lookup proxy.golang.org on 10.0.0.53:53: dial udp 10.0.0.53:53: connect: network is unreachable",
    "network",
  ],
  [
    "E: Failed to fetch http://deb.debian.org/debian/dists/trixie/InRelease  Unable to connect to deb.debian.org:http:",
    "network",
  ],
  ["Temporary failure resolving 'deb.debian.org'", "network"],
  ["npm error code ENOTFOUND", "network"],
  [
    "error: Request failed after 3 retries\n  Caused by: error sending request for url (https://pypi.org/simple/)",
    "network",
  ],
  ["Connection refused", "network"],
  ["E: apt-get update --error-on=any -oDpkg::Use-Pty=false failed", "network"],
  ["write /cache/go/build/x: no space left on device", "disk"],
  ["tar: ./usr/lib: Cannot write: No space left on device", "disk"],
  ["E: Write error - write (28: No space left on device)", "disk"],
  ["x.go:3: undefined: y", undefined],
  ["", undefined],
];

for (const [output, cause] of OUTPUTS)
  test(`"${output.slice(0, 60)}" means ${cause ?? "something else"}`, () => assert.equal(causeOf(output), cause));

test("a full disk counts before the network that failed with it", () =>
  assert.equal(causeOf("connection reset\nno space left on device"), "disk"));

test("lines are told once, without those that are empty, and those of the cause alone when there is one", () => {
  const output = "a\n\nb\nno such host\nb\n";
  assert.deepEqual(lastLines(output, 5), ["a", "b", "no such host"]);
  assert.deepEqual(lastLines(output, 1, "network"), ["no such host"]);
  assert.ok((lastLines("x".repeat(1000), 1)[0] ?? "").length <= 300);
});
