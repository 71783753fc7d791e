import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, mock, type TestContext } from "node:test";
import { ConfigError, loadInClusterConfig, loadKubeconfig, parseKubeconfig } from "../../src/kube/config.ts";
import { isReason, KubeError } from "../../src/kube/errors.ts";
import { createClient } from "../../src/kube/http-client.ts";
import { attempts } from "../harness/attempts.ts";

type Handler = (request: IncomingMessage, response: ServerResponse, count: number) => void;

/** A client of a server that answers with `handler`; `calls` are the requests that came. */
async function serve(test: TestContext, handler: Handler) {
  const calls: string[] = [];
  const server = createServer((request, response) => {
    calls.push(`${request.method} ${request.url}`);
    handler(request, response, calls.length);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const client = createClient({
    server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    namespace: "default",
  });
  test.after(async () => {
    await client.close();
    server.closeAllConnections();
    server.close();
  });
  return { client, calls };
}

function refuse(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

const REF = { apiVersion: "v1", kind: "ConfigMap", namespace: "a", name: "b" };
const OBJECT = { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace: "a", name: "b" } };

describe("transport", () => {
  it("waits as long as a busy server asks, then tries again", async (test) => {
    const { client, calls } = await serve(test, (_request, response, count) => {
      if (count < 3) refuse(response, 429, { reason: "TooManyRequests" }, { "retry-after": "0" });
      else refuse(response, 200, OBJECT);
    });
    assert.deepEqual(await client.get(REF), OBJECT);
    assert.equal(calls.length, 3);
  });

  it("gives up after a few attempts", async (test) => {
    const { client, calls } = await serve(test, (_request, response) =>
      refuse(response, 429, { reason: "TooManyRequests" }, { "retry-after": "0" }),
    );
    await assert.rejects(client.get(REF), (error) => isReason(error, "TooManyRequests"));
    assert.equal(calls.length, 4);
  });

  it("sends again what may be sent twice, and only that, when a connection breaks", async (test) => {
    const { client, calls } = await serve(test, (request, response, count) => {
      if (count === 1 || request.method === "POST") request.socket.destroy();
      else refuse(response, 200, OBJECT);
    });
    await client.apply(OBJECT, { fieldManager: "test", force: true });
    assert.equal(calls.length, 2);
    await assert.rejects(client.create(OBJECT), (error) => isReason(error, "Unreachable"));
    assert.equal(calls.filter((call) => call.startsWith("POST")).length, 1);
  });

  it("errors carry reason, causes, request; an answer that is no Status is shown as it is", async (test) => {
    const status = {
      reason: "Invalid",
      message: "spec.x: bad",
      details: { name: "b", causes: [{ field: "spec.x", message: "bad" }] },
    };
    const { client } = await serve(test, (request, response) => {
      if (request.method === "GET") response.writeHead(502).end("<h1>Bad Gateway</h1>");
      else refuse(response, 422, status);
    });
    await assert.rejects(client.create(OBJECT), (error) => {
      assert.ok(error instanceof KubeError);
      assert.deepEqual([error.status, error.reason, error.causes[0]?.field], [422, "Invalid", "spec.x"]);
      assert.match(error.message, /POST \/api\/v1\/namespaces\/a\/configmaps.*spec\.x: bad/);
      return true;
    });
    await assert.rejects(client.get(REF), /Bad Gateway/);
  });

  it("reads a log line by line, also across chunks and characters", async (test) => {
    const text = Buffer.from("first\nsecönd\nthird");
    const { client, calls } = await serve(test, (_request, response) => {
      response.writeHead(200);
      for (let at = 0; at < text.length; at += 3) response.write(text.subarray(at, at + 3));
      response.end();
    });
    const lines: string[] = [];
    const options = { container: "c", tailLines: 10, signal: new AbortController().signal };
    for await (const line of client.followLogs({ namespace: "a", name: "p" }, options)) lines.push(line);
    assert.deepEqual(lines, ["first", "secönd", "third"]);
    assert.deepEqual(calls, ["GET /api/v1/namespaces/a/pods/p/log?container=c&tailLines=10&follow=true"]);
  });

  // What is stalled is counted by the machine's clock, and a machine that stands still itself looks like it.
  it("a slow watch is no stalled watch; close ends an open one", (test) => attempts(() => slowWatch(test)));

  async function slowWatch(test: TestContext): Promise<void> {
    let ticks = 0;
    const { client } = await serve(test, (_request, response) => {
      response.writeHead(200);
      const timer = setInterval(() => {
        ticks += 1;
        response.write(`${JSON.stringify({ type: "MODIFIED", object: { ...OBJECT, tick: ticks } })}\n`);
      }, 60);
      response.on("close", () => clearInterval(timer));
    });
    const signal = new AbortController().signal;
    const options = { resourceVersion: "1", signal, idleMs: 250 };
    const query = { apiVersion: "v1", kind: "ConfigMap" };
    const seen: unknown[] = [];
    const read = async (): Promise<void> => {
      for await (const { object } of client.watch(query, options)) {
        seen.push(object["tick"]);
        if (seen.length === 8) await client.close();
      }
    };
    await assert.rejects(read(), (error) => isReason(error, "Unreachable"));
    assert.deepEqual(seen.slice(0, 8), [1, 2, 3, 4, 5, 6, 7, 8]);
  }

  it("a broken discovery is an error, not an unknown kind", async (test) => {
    const { client } = await serve(test, (_request, response) => refuse(response, 500, { reason: "InternalError" }));
    const widget = { apiVersion: "w.test/v1", kind: "Widget", namespace: "a", name: "b" };
    await assert.rejects(client.get(widget), (error) => isReason(error, "InternalError"));
  });
});

describe("configuration", () => {
  async function folder(test: TestContext): Promise<string> {
    const made = await mkdtemp(join(tmpdir(), "kube-config-"));
    test.after(() => rm(made, { recursive: true }));
    return made;
  }

  it("a pod's token is read again after 60 seconds, and at once when it was refused", async (test) => {
    const at = await folder(test);
    await writeFile(join(at, "ca.crt"), "CA");
    await writeFile(join(at, "namespace"), "here\n");
    await writeFile(join(at, "token"), "one\n");
    const config = await loadInClusterConfig(at, {
      KUBERNETES_SERVICE_HOST: "fd00::1",
      KUBERNETES_SERVICE_PORT: "443",
    });
    assert.deepEqual([config.server, config.namespace, config.ca], ["https://[fd00::1]:443", "here", "CA"]);
    assert.equal(await config.token?.(false), "one");
    await writeFile(join(at, "token"), "two");
    assert.equal(await config.token?.(false), "one");
    assert.equal(await config.token?.(true), "two");
    await writeFile(join(at, "token"), "three");
    const start = performance.now();
    const clock = mock.method(performance, "now", () => start + 61_000);
    assert.equal(await config.token?.(false), "three");
    clock.mock.restore();
  });

  it("outside a pod it says so", async () => {
    await assert.rejects(
      loadInClusterConfig("/nowhere", {}),
      (error) => error instanceof ConfigError && /not a pod/.test(error.message),
    );
  });

  it("reads files next to the kubeconfig, and names what is missing", async (test) => {
    const at = await folder(test);
    await mkdir(join(at, "pki"));
    await writeFile(join(at, "pki", "ca.crt"), "CA");
    const text = (extra: string): string => `
clusters: [{name: c, cluster: {server: "https://k:6443/", certificate-authority: pki/ca.crt}}]
users: [{name: u, user: {${extra}}}]
contexts: [{name: x, context: {cluster: c, user: u}}, {name: y, context: {cluster: gone, user: u}}]
current-context: x
`;
    await writeFile(join(at, "config"), text("token: t"));
    const config = await loadKubeconfig(join(at, "config"));
    assert.deepEqual(
      [config.server, config.ca, config.namespace, await config.token?.(false)],
      ["https://k:6443", "CA", "default", "t"],
    );
    const source = join(at, "config");
    await assert.rejects(loadKubeconfig(source, "y"), /no "gone" in clusters/);
    await assert.rejects(loadKubeconfig(source, "z"), /no "z" in contexts/);
    await assert.rejects(loadKubeconfig(join(at, "none")), /cannot be read/);
    await assert.rejects(parseKubeconfig(text("exec: {command: x}"), { source }), /credential program/);
    await assert.rejects(parseKubeconfig("- 1", { source }), /current-context/);
  });
});
