import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { CloudsYamlError, removeCloudEntry, writeCloudEntry } from "../../src/up/clouds-yaml.ts";

const entry = {
  name: "underpin",
  authUrl: "https://10.90.0.11:30443/identity/v3",
  username: "admin",
  password: "x1",
  project: "admin",
  region: "RegionOne",
  caCertificate: "PEM\n",
};

test("other entries and comments are kept, and a second write does nothing", async () => {
  const folder = await mkdtemp(join(tmpdir(), "clouds-"));
  const path = join(folder, "clouds.yaml");
  try {
    const mine = "# mine\nclouds:\n  west: # the old one\n    auth: {username: me}\n";
    await writeFile(path, mine);
    assert.equal(await writeCloudEntry(folder, entry), true);
    const text = await readFile(path, "utf8");
    assert.match(text, /# mine/);
    assert.match(text, /the old one/);
    assert.match(text, /auth_url: https:\/\/10\.90\.0\.11:30443\/identity\/v3/);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.equal(await writeCloudEntry(folder, entry), false);
    assert.equal(await removeCloudEntry(folder, "underpin"), true);
    assert.deepEqual(await readdir(folder), ["clouds.yaml"]);
    assert.doesNotMatch(await readFile(path, "utf8"), /underpin/);
    assert.match(await readFile(path, "utf8"), /west/);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a broken file is refused and left as it is", async () => {
  const folder = await mkdtemp(join(tmpdir(), "clouds-"));
  try {
    for (const broken of ["clouds: [", "- a\n", "clouds: 3\n"]) {
      await writeFile(join(folder, "clouds.yaml"), broken);
      await assert.rejects(writeCloudEntry(folder, entry), CloudsYamlError);
      assert.equal(await readFile(join(folder, "clouds.yaml"), "utf8"), broken);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
