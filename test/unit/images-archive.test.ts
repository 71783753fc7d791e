import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { finishArchive, LAYER_OFFSET } from "../../src/images/oci.ts";
import { recipeSchema } from "../../src/images/recipe.ts";
import { sbom } from "../../src/images/sbom.ts";

const run = promisify(execFile);

test("an archive is a tar whose blobs are what the manifest says, and names its parents' layers", async () => {
  const folder = await mkdtemp(join(tmpdir(), "underpin-oci-"));
  try {
    const archive = join(folder, "archive.tar");
    const layer = Buffer.from("not really a tar, but some bytes");
    await writeFile(archive, Buffer.concat([Buffer.alloc(LAYER_OFFSET), layer]));
    const parent = { mediaType: "application/vnd.oci.image.layer.v1.tar", digest: `sha256:${"0".repeat(64)}`, size: 7 };
    const recipe = recipeSchema.parse({ name: "x", user: "42", entrypoint: ["/x"] });
    const image = { reference: "underpin.local/x:0123456789abcdef", recipe, env: { A: "b" }, parents: [parent] };
    const layers = await finishArchive(archive, image);
    assert.deepEqual(layers[0], parent);
    const read = async (name: string): Promise<string> => (await run("tar", ["-xOf", archive, name])).stdout;
    const index = JSON.parse(await read("index.json")) as {
      manifests: { digest: string; annotations: Record<string, string> }[];
    };
    assert.equal(index.manifests[0]?.annotations["io.containerd.image.name"], image.reference);
    const manifestText = await read(`blobs/${index.manifests[0]?.digest.replace(":", "/")}`);
    assert.equal(`sha256:${createHash("sha256").update(manifestText).digest("hex")}`, index.manifests[0]?.digest);
    const manifest = JSON.parse(manifestText) as { config: { digest: string }; layers: { digest: string }[] };
    assert.equal(await read(`blobs/${manifest.layers[1]?.digest.replace(":", "/")}`), layer.toString());
    const config = JSON.parse(await read(`blobs/${manifest.config.digest.replace(":", "/")}`)) as Record<
      string,
      unknown
    >;
    assert.deepEqual(config["config"], { Env: ["A=b"], WorkingDir: "/", User: "42", Entrypoint: ["/x"] });
    assert.deepEqual(config["rootfs"], { type: "layers", diff_ids: layers.map(({ digest }) => digest) });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("a bill of materials lists Debian, Python and npm packages once, and does not depend on the clock", () => {
  const dpkg = [
    "Package: tini\nStatus: install ok installed\nArchitecture: amd64\nVersion: 0.19.0-3+b1",
    "Package: gone\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 1",
  ].join("\n\n");
  const python = "Name: oslo.config\nVersion: 9.7.2\nLicense: Apache-2.0\n\nName: oslo.config\nVersion: 9.7.2\n\n";
  const inventory = { dpkg, python, npm: { "@peculiar/x509": "2.2.0" } };
  const image = { name: "x", reference: "underpin.local/x:0123456789abcdef" };
  const bill = sbom(image, inventory) as { specVersion: string; serialNumber: string; components: { purl: string }[] };
  assert.equal(bill.specVersion, "1.6");
  assert.match(bill.serialNumber, /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.deepEqual(
    bill.components.map(({ purl }) => purl),
    [
      "pkg:deb/debian/tini@0.19.0-3%2Bb1?arch=amd64&distro=debian-13",
      "pkg:npm/%40peculiar/x509@2.2.0",
      "pkg:pypi/oslo-config@9.7.2",
    ],
  );
  assert.deepEqual(sbom(image, inventory), bill);
});
