// What a Cloud says when its front door's port belongs to somebody else; only a real API server hands ports out.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Manifest } from "../../src/api/manifest.ts";
import { advance, type StepPorts } from "../../src/execute/execution.ts";
import { Applier } from "../../src/kube/apply.ts";
import { createClient } from "../../src/kube/http-client.ts";
import { orderedSteps } from "../../src/plan/graph.ts";
import { cloudStatus } from "../../src/operator/status.ts";
import { workload as gateway } from "../../src/workloads/gateway/workload.ts";
import { fixedCloud, fixedInput } from "../unit/build-input.ts";
import { binaries, startApiServer } from "./api-server.ts";

const bin = binaries();
const skip = bin === undefined ? "kube-apiserver and etcd are not there" : false;

test("a node port that is taken stalls the Cloud, which names the port and what to look at", { skip }, async () => {
  const server = await startApiServer(bin ?? "");
  const client = createClient(server.config);
  try {
    for (const name of ["laptop", "laptop-nodes"])
      await client.create({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
    const ports = [{ port: 443, nodePort: 30443 }];
    const other = { apiVersion: "v1", kind: "Service", metadata: { name: "other", namespace: "default" } };
    await client.create({ ...other, spec: { type: "NodePort", selector: { app: "other" }, ports } });

    const input = fixedInput([gateway], fixedCloud());
    const objects = gateway.build(input);
    const steps = orderedSteps([{ name: "gateway", objects, steps: gateway.procedure(input, objects) }]);
    const applier = new Applier(client, { fieldManager: "underpin-operator", shapeAnnotation: "underpin.dev/shape" });
    const execution: StepPorts = {
      live: () => undefined,
      ensure: async (manifest: Manifest) => void (await applier.apply(manifest, undefined)),
      readiness: () => ({ state: "progressing", message: "" }),
      call: () => ({ state: "done" }),
    };
    const progress = await advance(steps, {}, execution);
    const status = cloudStatus({ cloud: input.cloud, progress, steps, verdicts: [], stalled: undefined, now: "now" });
    assert.equal(status.phase, "Stalled");
    const stalled = status.conditions?.find(({ type }) => type === "Stalled");
    assert.match(stalled?.message ?? "", /gateway\/ready: .*30443.*already allocated/s);
    assert.match(stalled?.message ?? "", /A refused Service says that the node port is taken/);
  } finally {
    await client.close();
    await server.stop();
  }
});
