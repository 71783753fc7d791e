import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { exec } from "../../src/host/exec.ts";
import { ContentStore } from "../../src/host/store.ts";
import { cpuSecondsOf, ensureBinaries, GoSource, type BinarySource } from "../../src/underlay/binaries.ts";
import { publishedDigest, ReleaseSource, upstreamFiles, type ReleaseFile } from "../../src/underlay/downloads.ts";
import { UnderlayError } from "../../src/underlay/errors.ts";
import { GO_MODULES, type GoModule } from "../../src/underlay/go-modules.ts";
import { VERSIONS } from "../../src/underlay/versions.ts";
import { binarySourceContract, inFolder } from "./underlay-binary-source.contract.ts";

const PAUSE = GO_MODULES.find(({ name }) => name === "pause") as GoModule;
const PROGRAM = "#!/bin/sh\nexit 0\n";
const DIGEST = createHash("sha256").update(PROGRAM).digest("hex");
const report = (): void => undefined;
const cacheDir = process.env["UNDERPIN_CACHE"] ?? `${homedir()}/.cache/underpin`;

describe("programs built of Go modules", () => {
  binarySourceContract(() => new GoSource({ exec, report, cacheDir }), PAUSE);
});

describe("programs downloaded from a release", () => {
  let server: Server;
  let base: string;
  before(async () => {
    server = createServer((request, response) => {
      const path = request.url ?? "";
      if (path === "/moved/pause") response.writeHead(302, { location: "/good/pause" }).end();
      else if (path.startsWith("/good/pause") || path.startsWith("/moved/pause") || path.startsWith("/wrong/pause")) {
        const digest = path.startsWith("/wrong") ? "0".repeat(64) : DIGEST;
        response.end(path.endsWith(".sha256") ? `${digest}  pause\n` : PROGRAM);
      } else if (path === "/short/pause") {
        response.writeHead(200, { "content-length": PROGRAM.length });
        response.write(PROGRAM.slice(0, 5), () => response.destroy());
      } else if (path === "/short/pause.sha256") response.end(DIGEST);
      else response.writeHead(404).end("no such file");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => server.close());

  const fallback: BinarySource = {
    name: "none",
    key: () => Promise.resolve(""),
    make: () => Promise.reject(new Error("not asked for")),
  };
  const from = (kind: string): BinarySource =>
    new ReleaseSource({
      exec,
      report,
      fallback,
      files: (module): ReleaseFile[] =>
        Object.keys(module.programs).map((name) => ({
          url: `${base}/${kind}/${name}`,
          digestUrl: `${base}/${kind}/${name}.sha256`,
        })),
    });

  binarySourceContract(() => from("good"), PAUSE);

  it("follows redirections", async () => {
    await inFolder(async (folder) => {
      await from("moved").make(PAUSE, folder);
      assert.equal(await readFile(join(folder, "pause"), "utf8"), PROGRAM);
    });
  });

  for (const [kind, reason] of [
    ["wrong", /SHA-256 is .* but 0{64} was published/],
    ["short", /cannot be used/],
    ["absent", /answered 404/],
  ] as const) {
    it(`refuses a file that is ${kind}, says which, and keeps nothing of it`, async () => {
      await inFolder(async (folder) => {
        await assert.rejects(from(kind).make(PAUSE, folder), (error: unknown) => {
          assert.ok(error instanceof UnderlayError);
          assert.match(error.message, reason);
          assert.ok(error.message.includes(`${base}/${kind}/pause`));
          return true;
        });
        assert.deepEqual(await readdir(folder), []);
      });
    });
  }

  it("unpacks the programs of an archive, and only those", async () => {
    await inFolder(async (folder) => {
      await exec("sh", [
        "-c",
        'mkdir -p "$1/a/bin" && printf "%s" "$2" >"$1/a/bin/pause" && touch "$1/a/other" && tar -czf "$1/a.tgz" -C "$1/a" bin other',
        "sh",
        folder,
        PROGRAM,
      ]);
      const data = await readFile(join(folder, "a.tgz"));
      const archives = createServer((request, response) => {
        response.end(
          request.url === "/a.tgz" ? data : `${createHash("sha256").update(data).digest("hex")}  dist/a.tgz\n`,
        );
      });
      await new Promise<void>((resolve) => archives.listen(0, "127.0.0.1", resolve));
      try {
        const url = `http://127.0.0.1:${(archives.address() as AddressInfo).port}`;
        const file = { url: `${url}/a.tgz`, digestUrl: `${url}/SHA256SUMS`, members: { pause: "bin/pause" } };
        await new ReleaseSource({ exec, report, fallback, files: () => [file] }).make(PAUSE, join(folder, "out"));
        assert.deepEqual(await readdir(join(folder, "out")), ["pause"]);
      } finally {
        archives.close();
      }
    });
  });
});

describe("published digests", () => {
  it("reads the only word, or the line of the file, and nothing else", () => {
    assert.equal(publishedDigest(`${DIGEST}\n`, "pause"), DIGEST);
    assert.equal(publishedDigest(`${"1".repeat(64)}  other\n${DIGEST} *pause\n`, "pause"), DIGEST);
    assert.equal(publishedDigest(`${DIGEST}  other\n`, "pause"), undefined);
    assert.equal(publishedDigest("<html>not found</html>", "pause"), undefined);
    assert.equal(publishedDigest("", "pause"), undefined);
  });

  it("knows a place for every program that upstream releases, over https", () => {
    for (const module of GO_MODULES) {
      const files = upstreamFiles(module);
      if (["pause", "local-path-provisioner", "coredns"].includes(module.name)) assert.deepEqual(files, []);
      else {
        const given = files.flatMap((file) => Object.keys(file.members ?? { [file.url.split("/").at(-1) ?? ""]: "" }));
        assert.deepEqual(given.toSorted(), Object.keys(module.programs).toSorted());
        for (const file of files) assert.ok(file.url.startsWith("https://") && file.digestUrl.startsWith("https://"));
      }
    }
  });
});

describe("the cache of programs", () => {
  it("gathers all programs, makes each module once, and makes a damaged one again", async () => {
    await inFolder(async (folder) => {
      const made: string[] = [];
      const source: BinarySource = {
        name: "counting",
        key: (module) => Promise.resolve(createHash("sha256").update(module.name).digest("hex")),
        make: async (module, target) => {
          made.push(module.name);
          await Promise.all(
            Object.keys(module.programs).map((name) =>
              exec("sh", ["-c", `echo ${name} >"$1"`, "sh", join(target, name)]),
            ),
          );
        },
      };
      const options = { store: new ContentStore(folder), cacheDir: folder, exec, report, source };
      const { bin, cni } = await ensureBinaries(options);
      assert.ok((await readdir(bin)).includes("kubelet") && !(await readdir(bin)).includes("bridge"));
      assert.ok((await readdir(cni)).includes("bridge"));
      await ensureBinaries(options);
      assert.deepEqual(
        made,
        GO_MODULES.map(({ name }) => name),
      );
      const entry = (await readdir(join(folder, "go"))).find((name) => name.startsWith("kubernetes-")) ?? "";
      await writeFile(join(folder, "go", entry, "kubelet"), "damaged");
      const again = await ensureBinaries(options);
      assert.deepEqual(made.slice(GO_MODULES.length), ["kubernetes"]);
      assert.equal(await readFile(join(again.bin, "kubelet"), "utf8"), "kubelet\n");
    });
  });

  it("reads the processor seconds that the shell prints", () => {
    assert.equal(cpuSecondsOf("some line\n0m0.010s 0m0.000s\n1m2.500s 0m3.000s\n"), 65.5);
    assert.equal(cpuSecondsOf(""), 0);
  });

  it("builds the versions that are pinned", async () => {
    const wanted: Record<string, [string, string]> = {
      kubernetes: ["k8s.io/kubernetes", VERSIONS.kubernetes],
      etcd: ["go.etcd.io/etcd/server/v3", VERSIONS.etcd],
      containerd: ["github.com/containerd/containerd/v2", VERSIONS.containerd],
      coredns: ["github.com/coredns/coredns", VERSIONS.coredns],
      cni: ["github.com/containernetworking/plugins", VERSIONS.cniPlugins],
      "local-path-provisioner": ["github.com/rancher/local-path-provisioner", VERSIONS.localPathProvisioner],
    };
    for (const [module, [path, version]] of Object.entries(wanted)) {
      const text = await readFile(new URL(`../../src/underlay/go/${module}/go.mod`, import.meta.url), "utf8");
      const found = new RegExp(`(?:^|\\s)${path.replaceAll(".", "\\.").replaceAll("/", "\\/")} (v\\S+)`, "m").exec(
        text,
      )?.[1];
      assert.equal(found?.replace("+incompatible", ""), version, module);
    }
  });
});
