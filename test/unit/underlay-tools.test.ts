import assert from "node:assert/strict";
import { test } from "node:test";
import type { Exec } from "../../src/host/exec.ts";
import { UnderlayError } from "../../src/underlay/errors.ts";
import { installTools, missingTools, packagesOf } from "../../src/underlay/tools.ts";

/** A machine without these programs; remembers what else was run. */
function machine(lacks: readonly string[], apt: "works" | "fails" = "works"): { exec: Exec; ran: string[] } {
  const ran: string[] = [];
  const exec: Exec = (file, args) => {
    if (file === "sh")
      return lacks.includes(args.at(-1) ?? "")
        ? Promise.reject(new Error("not found"))
        : Promise.resolve({ stdout: "", stderr: "" });
    ran.push([file, ...args].join(" "));
    return apt === "works"
      ? Promise.resolve({ stdout: "", stderr: "" })
      : Promise.reject(new Error("no mirror answers"));
  };
  return { exec, ran };
}

test("only what is missing is installed, each package once", async () => {
  const { exec, ran } = machine(["mmdebstrap", "unshare", "nsenter"]);
  assert.deepEqual(packagesOf(await missingTools(exec)), ["mmdebstrap", "util-linux"]);
  await installTools(exec, () => undefined);
  assert.deepEqual(ran, ["apt-get update -q", "apt-get install -y -q --no-install-recommends mmdebstrap util-linux"]);
});

test("nothing is run when nothing is missing, or when there is no apt", async () => {
  for (const lacks of [[], ["apt-get", "mmdebstrap"]]) {
    const { exec, ran } = machine(lacks);
    await installTools(exec, () => undefined);
    assert.deepEqual(ran, []);
  }
});

test("an apt that fails is told with its reason and what to do", async () => {
  const { exec } = machine(["ping"], "fails");
  await assert.rejects(
    installTools(exec, () => undefined),
    (error) =>
      error instanceof UnderlayError &&
      /no mirror answers/.test(error.message) &&
      /apt-get install iputils-ping/.test(error.next),
  );
});
