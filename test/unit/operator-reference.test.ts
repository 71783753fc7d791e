import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { portsAndPrivileges } from "../../src/operator/privileges.ts";
import { referenceFile, references } from "../../src/operator/reference.ts";

const generated = await references();

for (const [name, text] of Object.entries(generated)) {
  test(`docs/reference/${name} is what the builders and counters say`, () => {
    assert.equal(readFileSync(referenceFile(name), "utf8"), text, "run npm run generate");
  });
}

test("no pod outside of the nodes namespace is less restricted than the reference says of all", () => {
  const rows = table(generated["ports-and-privileges.md"] ?? "", "## Pods that touch nothing of the node");
  assert.ok(rows.length > 20);
  for (const [namespace = "", pod = "", , , otherwise] of rows) {
    assert.notEqual(namespace, "`<cloud>-nodes`", pod);
    assert.equal(
      otherwise,
      pod === "Deployment underpin-operator" ? "uses the Kubernetes API as underpin-operator" : "",
    );
  }
});

test("a pod that takes something of the node, or is not restricted, is told", () => {
  const pod = (name: string, namespace: string, spec: Record<string, unknown>) => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace },
    spec: { template: { spec: { containers: [{ name: "a", image: "a" }], ...spec } } },
  });
  const text = portsAndPrivileges([
    pod("open", "sample", {}),
    pod("bound", "sample-nodes", {
      hostNetwork: true,
      volumes: [{ name: "dev", hostPath: { path: "/dev" } }],
      containers: [
        {
          name: "a",
          securityContext: { capabilities: { add: ["NET_ADMIN"] }, runAsUser: 7 },
          ports: [{ name: "p", containerPort: 1 }],
        },
      ],
    }),
  ]);
  const [open] = table(text, "## Pods that touch nothing of the node");
  assert.equal(
    open?.[4],
    "writable root file system; may escalate; keeps capabilities; may be root; no seccomp profile",
  );
  const [bound] = table(text, "## Pods that touch the node");
  assert.deepEqual(bound, ["Deployment bound", "7", "network, paths, capability NET_ADMIN", "`/dev`", "1 (p)"]);
});

/** Cells of the first table after a title. */
function table(text: string, title: string): string[][] {
  const lines = text.slice(text.indexOf(title)).split("\n");
  const start = lines.findIndex((line) => line.startsWith("|---")) + 1;
  const end = lines.findIndex((line, index) => index >= start && !line.startsWith("|"));
  return lines.slice(start, end).map((line) =>
    line
      .slice(2, -2)
      .split(" | ")
      .map((cell) => cell.trim()),
  );
}
