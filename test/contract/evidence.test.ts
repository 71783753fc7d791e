// What the evidence reads of a cluster, on a real API server with the operator's rights and no others; only the kubelet, which
// has the logs, is a stand-in.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { CLI_FIELD_MANAGER } from "../../src/api/names.ts";
import { type Evidence, type EvidencePorts, gatherEvidence } from "../../src/evidence/gather.ts";
import { exec } from "../../src/host/exec.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { createClient } from "../../src/kube/http-client.ts";
import { type Desired, refOf } from "../../src/kube/types.ts";
import { cloudNamespaceManifests, operatorManifests } from "../../src/operator/install.ts";
import { everyRule } from "../../src/operator/rbac-rules.ts";
import { attempts } from "../harness/attempts.ts";
import { type ApiServer, binaries, OPERATOR_TOKEN, startApiServer } from "./api-server.ts";

const bin = binaries();
const MADE = { fieldManager: CLI_FIELD_MANAGER };
const GATEWAY = { "app.kubernetes.io/component": "gateway" };

/** Gives the log of each container as a kubelet does, as far as it is asked: from a time on, so many bytes. */
class Kubelet {
  readonly logs = new Map<string, readonly string[]>();
  readonly #server: Server;

  constructor(keys: { readonly key: Buffer; readonly cert: Buffer }) {
    this.#server = createServer(keys, (request, response) => {
      const url = new URL(request.url ?? "/", "https://kubelet");
      const lines = this.logs.get(url.pathname.replace(/^\/containerLogs\//, ""));
      const since = Date.parse(url.searchParams.get("sinceTime") ?? "1970-01-01T00:00:00Z");
      const text = (lines ?? [])
        .filter((line) => Date.parse(line.split(" ")[0] ?? "") >= since)
        .map((line) => (url.searchParams.get("timestamps") === "true" ? line : line.slice(line.indexOf(" ") + 1)))
        .join("\n");
      const bytes = Number(url.searchParams.get("limitBytes") ?? Infinity);
      response.writeHead(lines === undefined ? 404 : 200, { "content-type": "text/plain" }).end(text.slice(0, bytes));
    });
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function podSpec(container: string) {
  return {
    nodeName: "n1",
    securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: "RuntimeDefault" } },
    containers: [
      {
        name: container,
        image: "i",
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
      },
    ],
  };
}

function deployment(name: string, labels: Readonly<Record<string, string>> = {}): Desired {
  const own = { app: name, ...labels };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: "laptop", labels: own },
    spec: {
      replicas: 1,
      selector: { matchLabels: own },
      template: { metadata: { labels: own }, spec: podSpec("main") },
    },
  };
}

describe(
  "evidence of a real API server",
  { skip: bin === undefined ? "kube-apiserver and etcd are not there" : false, timeout: 300_000 },
  () => {
    let folder = "";
    let api: ApiServer;
    let admin: KubeClient;
    let operator: KubeClient;
    let kubelet: Kubelet;

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "evidence-contract-"));
      const files = ["-keyout", join(folder, "key"), "-out", join(folder, "cert"), "-subj", "/CN=n1"];
      await exec("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", ...files]);
      kubelet = new Kubelet({ key: await readFile(join(folder, "key")), cert: await readFile(join(folder, "cert")) });
      const port = await kubelet.listen();
      api = await startApiServer(bin ?? "");
      admin = createClient(api.config);
      operator = createClient({ ...api.config, token: () => Promise.resolve(OPERATOR_TOKEN) });
      const input = { operatorImage: "x", images: {}, crds: [], cloudRules: await everyRule() };
      const namespaces = cloudNamespaceManifests({ name: "laptop", namespace: "laptop" });
      for (const object of [...operatorManifests(input), ...namespaces]) await admin.apply(object, MADE);
      const node = await admin.apply({ apiVersion: "v1", kind: "Node", metadata: { name: "n1" } }, MADE);
      const status = {
        addresses: [{ type: "InternalIP", address: "127.0.0.1" }],
        daemonEndpoints: { kubeletEndpoint: { Port: port } },
      };
      await admin.patch(refOf(node), { type: "merge", value: { status } }, { subresource: "status" });
    });
    after(async () => {
      await Promise.all([admin?.close(), operator?.close()]);
      await api?.stop();
      await kubelet?.close();
      await rm(folder, { recursive: true, force: true });
    });

    /** A pod that runs, as the kubelet would tell of it. */
    async function pod(
      name: string,
      part: { container: string; owner: string; labels?: Readonly<Record<string, string>>; restartedAt?: Date },
    ): Promise<void> {
      const { container, owner, labels = {}, restartedAt } = part;
      const ownerReferences = [{ apiVersion: "apps/v1", kind: "ReplicaSet", name: owner, uid: `uid-of-${owner}` }];
      const metadata = { name, namespace: "laptop", labels, ownerReferences };
      const made = await admin.apply({ apiVersion: "v1", kind: "Pod", metadata, spec: podSpec(container) }, MADE);
      const startedAt = (restartedAt ?? new Date()).toISOString().replace(/\.\d+/, "");
      const again = { terminated: { exitCode: 1, startedAt, finishedAt: startedAt, containerID: "c://1" } };
      const status = {
        phase: "Running",
        containerStatuses: [
          {
            name: container,
            image: "i",
            imageID: "i",
            ready: true,
            restartCount: restartedAt === undefined ? 0 : 1,
            state: { running: { startedAt } },
            lastState: restartedAt === undefined ? {} : again,
          },
        ],
      };
      await admin.patch(refOf(made), { type: "merge", value: { status } }, { subresource: "status" });
    }

    /** It is gathered within five seconds of the clock, whatever comes: a machine that stands still as long gathers nothing. */
    const gathered = (client: KubeClient, from: Date, right: (evidence: Evidence) => void): Promise<void> =>
      attempts(async () => {
        const ports: EvidencePorts = {
          witness: () => Promise.reject(new Error("not part of this")),
          kube: client,
          namespaces: ["laptop", "laptop-nodes"],
          apis: [],
        };
        right(await gatherEvidence(ports, { from, to: new Date() }));
      });

    test("retries from the gateway's log, and pods that were replaced or started again", async () => {
      for (const one of [deployment("gateway", GATEWAY), deployment("glance")]) await admin.apply(one, MADE);
      await pod("gateway-1", { container: "haproxy", owner: "gateway-5d", labels: GATEWAY });
      await pod("glance-old", { container: "main", owner: "glance-5d" });
      const begin = new Date();
      await sleep(2_100);
      const from = new Date();
      await sleep(1_100);
      await pod("glance-new", { container: "main", owner: "glance-6f" });
      await pod("nova-again", { container: "main", owner: "nova-5d", restartedAt: new Date() });
      const line = (time: Date, retries: string): string =>
        `${time.toISOString()} {"status":"200","retries":"${retries}"}`;
      const log = [line(begin, "9"), line(new Date(), "2"), line(new Date(), "+1")];
      kubelet.logs.set("laptop/gateway-1/haproxy", log);
      await gathered(operator, from, (evidence) => {
        assert.equal(evidence.gatewayRetries, 3, evidence.notes?.join("; ") ?? "");
        // nova-again came within the window, too, but of no controller that was there before: it counts for its container.
        assert.deepEqual(evidence.podsRestarted, ["glance-new", "nova-again"]);
        assert.deepEqual(
          evidence.notes?.filter((note) => !note.includes("the witness did not answer")),
          [],
        );
      });
    });

    test("a log that the kubelet does not have leaves the number unknown", async () => {
      kubelet.logs.clear();
      await gathered(operator, new Date(Date.now() - 1_000), (evidence) => {
        assert.equal(evidence.gatewayRetries, undefined);
        assert.match(evidence.notes?.join("\n") ?? "", /How often the gateway sent a request again is not known/);
      });
    });

    test("who may not read the cluster gets no evidence of it, and is told so", async () => {
      const nobody = createClient({ ...api.config, token: () => Promise.resolve("not-a-token") });
      await gathered(nobody, new Date(Date.now() - 1_000), (evidence) => {
        assert.equal(evidence.gatewayRetries, undefined);
        assert.match(evidence.notes?.join("\n") ?? "", /Which pods started again is not known: .*Unauthorized/);
      });
      await nobody.close();
    });
  },
);
