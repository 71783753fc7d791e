import assert from "node:assert/strict";
import { test } from "node:test";
import { kvmUsable, virtualises } from "../../src/underlay/kvm.ts";

test("a KVM device on a processor that does not virtualise is not usable", async () => {
  assert.equal(virtualises("flags\t\t: fpu sse2 hypervisor lahf_lm\n"), false);
  assert.equal(virtualises("flags\t\t: fpu vmx sse2\nvmx flags\t: vnmi\n"), true);
  assert.equal(virtualises("flags\t\t: fpu svm\n"), true);
  assert.equal(virtualises("vmx flags\t: vnmi\n"), false);
  assert.equal(await kvmUsable("/nonexistent/kvm"), false);
});
