// Approvals on a real API server: who may, who is stamped, what is said, and in whose way it does not stand.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { customResourceDefinitions } from "../../src/api/crd.ts";
import type { Manifest } from "../../src/api/manifest.ts";
import { API_VERSION, CLI_FIELD_MANAGER, WEBHOOK_CONFIGURATION } from "../../src/api/names.ts";
import type { PlanPhase } from "../../src/api/plan.ts";
import type { KeyPair } from "../../src/desired/certificates.ts";
import { exec, ExecError } from "../../src/host/exec.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { createClient } from "../../src/kube/http-client.ts";
import type { KubeObject } from "../../src/kube/types.ts";
import { ApprovalReview } from "../../src/operator/approvals/review.ts";
import { operatorManifests } from "../../src/operator/install.ts";
import { authorityIssuer, createAuthority } from "../../src/operator/issuer.ts";
import { stampConfiguration, webhookConfiguration } from "../../src/operator/webhook-config.ts";
import { WebhookServer } from "../../src/operator/webhook-server.ts";
import { APPROVED_BY, approvalsOf, readStamp } from "../../src/plan/approval.ts";
import { type ApiServer, binaries, OPERATOR_TOKEN, startApiServer } from "./api-server.ts";

const bin = binaries();
const HASH = "a".repeat(64);
const OTHER = "b".repeat(64);
const CLOUD = { apiVersion: API_VERSION, kind: "Cloud", namespace: "lab", name: "lab" };
const OK = { apiVersion: API_VERSION, kind: "PlanApproval", namespace: "lab", name: "ok" };
const CONFIGURATIONS = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"].map((kind) => ({
  apiVersion: "admissionregistration.k8s.io/v1",
  kind,
  name: WEBHOOK_CONFIGURATION,
}));
const REQUEST = { name: "", commonName: "webhook", dnsNames: [], ipAddresses: ["127.0.0.1"] };
const nights = { name: "nights", schedule: "0 22 * * 1-5", duration: "4h" };

const MAY_NOT = (who: string, doing: string): string =>
  `${who} may not approve plans.underpin.dev in namespace lab, which ${doing} needs. Ask an administrator for the ClusterRole underpin-approver in this namespace, or for a Role with the rule {apiGroups: ["underpin.dev"], resources: ["plans"], verbs: ["approve"]}`;

describe(
  "approvals on a real API server",
  { skip: bin === undefined ? "kube-apiserver and etcd are not there" : false },
  () => {
    let server: ApiServer;
    let admin: KubeClient;
    let operator: KubeClient;
    let webhook: WebhookServer | undefined;
    let folder: string;
    let authority: KeyPair;
    let port = 0;
    let answers = 0;
    let files = 0;

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "approvals-contract-"));
      server = await startApiServer(bin ?? "");
      admin = createClient(server.config);
      operator = createClient({ ...server.config, token: () => Promise.resolve(OPERATOR_TOKEN) });
      await writeFile(join(folder, "kubeconfig"), server.kubeconfig);
      const install = operatorManifests({
        operatorImage: "x",
        images: {},
        crds: customResourceDefinitions(),
        cloudRules: [],
      });
      for (const manifest of [...install, ...people()])
        await admin.apply(manifest, { fieldManager: CLI_FIELD_MANAGER });
      authority = await createAuthority("webhook");
      await startWebhook();
      await configure();
      await plan("lab-1", { hash: "c".repeat(64), phase: "Superseded" });
      await plan("lab-2");
      await plan("other-1", { hash: OTHER, cloud: "other" });
      await asked();
    });

    beforeEach(async () => {
      await admin.delete(CLOUD);
      await admin.delete(OK);
      await admin.create(cloud({}));
    });

    after(async () => {
      await webhook?.close();
      await Promise.all([operator?.close(), admin?.close()]);
      await server?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    /** Two who may write all of the group's resources in the namespace; Jane, and whoever is in ops, may approve too. */
    function people(): readonly Manifest[] {
      const rbac = "rbac.authorization.k8s.io";
      const role = (kind: string, name: string): object => ({ apiGroup: rbac, kind, name });
      const bind = (name: string, ref: object, subjects: readonly object[]): Manifest => ({
        apiVersion: `${rbac}/v1`,
        kind: "RoleBinding",
        metadata: { name, namespace: "lab" },
        roleRef: ref,
        subjects,
      });
      const [jane, joe, ops] = [role("User", "jane"), role("User", "joe"), role("Group", "ops")];
      const verbs = ["get", "list", "create", "update", "patch", "delete"];
      const rules = [{ apiGroups: ["underpin.dev"], resources: ["clouds", "planapprovals"], verbs }];
      return [
        ...["lab", "far"].map((name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } })),
        { apiVersion: `${rbac}/v1`, kind: "Role", metadata: { name: "editor", namespace: "lab" }, rules },
        bind("editors", role("Role", "editor"), [jane, joe, ops]),
        bind("viewers", role("ClusterRole", "underpin-viewer"), [joe]),
        bind("approvers", role("ClusterRole", "underpin-approver"), [jane, ops]),
      ];
    }

    async function startWebhook(): Promise<void> {
      webhook = new WebhookServer({
        host: "127.0.0.1",
        port,
        judge: () => Promise.resolve([]),
        // With the rights that the operator has, and no others.
        approvals: new ApprovalReview({ client: operator }),
        onAnswer: () => (answers += 1),
      });
      port = await webhook.listen();
      webhook.use(await (await authorityIssuer(authority)).issue(REQUEST));
    }

    async function configure(): Promise<void> {
      const given = { url: `https://127.0.0.1:${port}` };
      for (const make of [stampConfiguration, webhookConfiguration])
        await admin.apply(make(authority.certificate, given), { fieldManager: "test", force: true });
    }

    /** The API server learns of a configuration a moment after it is written. */
    async function asked(): Promise<void> {
      for (const until = Date.now() + 60_000; Date.now() < until;) {
        const count = answers;
        await admin.create(approval("probe"), { dryRun: true }).catch(() => undefined);
        await admin.create(cloud({ approvedPlan: HASH }, "probe"), { dryRun: true }).catch(() => undefined);
        if (answers >= count + 5) return;
        await new Promise((done) => setTimeout(done, 100));
      }
      assert.fail("the API server does not ask the webhook");
    }

    interface PlanGiven {
      readonly hash?: string;
      readonly phase?: PlanPhase;
      readonly cloud?: string;
    }

    async function plan(
      name: string,
      { hash = HASH, phase = "Pending", cloud: of = "lab" }: PlanGiven = {},
    ): Promise<void> {
      const ref = { apiVersion: API_VERSION, kind: "Plan", namespace: "lab", name };
      // The operator makes them, and says of them what it knows: with its own rights.
      await operator.create({
        apiVersion: API_VERSION,
        kind: "Plan",
        metadata: { name, namespace: "lab" },
        spec: { cloud: of },
      });
      await operator.patch(ref, { type: "merge", value: { status: { hash, phase } } }, { subresource: "status" });
    }

    function cloud(change: object, name = "lab"): KubeObject {
      return {
        apiVersion: API_VERSION,
        kind: "Cloud",
        metadata: { name, namespace: "lab" },
        spec: { release: "2025.1", change },
      };
    }

    function approval(name = "ok", spec: object = {}, annotations?: Record<string, string>): KubeObject {
      const metadata = { name, namespace: "lab", ...(annotations && { annotations }) };
      return { apiVersion: API_VERSION, kind: "PlanApproval", metadata, spec: { plan: "lab-2", hash: HASH, ...spec } };
    }

    /** What kubectl says to a user: nothing when it was content. */
    async function as(user: string, verb: readonly string[], object?: unknown): Promise<string> {
      const file = join(folder, `${(files += 1)}.json`);
      if (object !== undefined) await writeFile(file, JSON.stringify(object));
      const from = object === undefined ? [] : ["-f", file];
      const who = ["--kubeconfig", join(folder, "kubeconfig"), "--as", user, "-n", "lab"];
      try {
        return (await exec(join(bin ?? "", "kubectl"), [...who, ...verb, ...from])).stderr
          .replaceAll(file, "FILE")
          .trim();
      } catch (error) {
        if (error instanceof ExecError) return error.stderr.replaceAll(file, "FILE").trim();
        throw error;
      }
    }

    const APPLY = ["apply", "--server-side", "--field-manager", "git"];
    const set = (change: object): string[] => [
      "patch",
      "clouds",
      "lab",
      "--type=merge",
      "-p",
      JSON.stringify({ spec: { change } }),
    ];
    const stamp = async (ref: typeof CLOUD) => readStamp((await admin.get(ref))?.metadata.annotations?.[APPROVED_BY]);
    /** Field managers that own the annotation. */
    const ownersOfStamp = (object: KubeObject | undefined): string[] => {
      const managers = (object?.metadata["managedFields"] ?? []) as { manager: string; fieldsV1: unknown }[];
      return managers
        .filter(({ fieldsV1 }) => JSON.stringify(fieldsV1).includes(APPROVED_BY))
        .map(({ manager }) => manager);
    };
    const denied = (by: string, why: string): string =>
      `admission webhook "${by}.underpin.dev" denied the request: ${why}`;

    test("who may approves: with an object, or with the hash in the Cloud; each is stamped and counts", async () => {
      assert.equal(await as("jane", ["create"], approval()), "");
      assert.equal(await as("jane", APPLY, cloud({ approvedPlan: HASH })), "");
      const [own, object] = [await admin.get(CLOUD), await admin.get(OK)];
      const counted = approvalsOf(own as KubeObject, [object as KubeObject]);
      assert.deepEqual(
        counted.map(({ user, by, hash }) => [user, by, hash]),
        [
          ["jane", "Cloud", HASH],
          ["jane", "PlanApproval", HASH],
        ],
      );
      assert.deepEqual([own, object].flatMap(ownersOfStamp), []);
      for (const { time } of counted) assert.ok(Math.abs(Date.now() - Date.parse(time)) < 60_000, time);
    });

    test("a right that comes by a group is one", async () => {
      assert.equal(await as("ann", ["create", "--as-group", "ops"], approval()), "");
      assert.equal((await stamp(OK))?.user, "ann");
    });

    test("who may approve may pause and abort a plan; who may edit the Cloud may neither", async () => {
      const pause = ["patch", "plans", "lab-2", "--type=merge", "-p", '{"spec":{"action":"Pause"}}'];
      assert.equal(await as("jane", pause), "");
      assert.match(await as("joe", pause), /User "joe" cannot patch resource "plans"/);
      const forged = [
        "patch",
        "plans",
        "lab-2",
        "--subresource=status",
        "--type=merge",
        "-p",
        '{"status":{"phase":"Approved"}}',
      ];
      assert.match(await as("jane", forged), /User "jane" cannot \w+ resource "plans\/status"/);
    });

    test("who may not is told who they are, what is missing and what to ask for", async () => {
      assert.equal(
        await as("joe", ["create"], approval()),
        `Error from server (Forbidden): error when creating "FILE": ${denied("stamp.planapprovals", MAY_NOT("joe", "making a PlanApproval"))}`,
      );
      assert.equal(
        await as("joe", set({ approvedPlan: HASH })),
        `Error from server (Forbidden): ${denied("stamp.clouds", MAY_NOT("joe", "setting spec.change.approvedPlan"))}`,
      );
      const again = cloud({ approvedPlan: HASH }, "new");
      assert.equal(
        await as("joe", ["create"], again),
        `Error from server (Forbidden): error when creating "FILE": ${denied("stamp.clouds", MAY_NOT("joe", "setting spec.change.approvedPlan"))}`,
      );
      assert.deepEqual([await stamp(CLOUD), await admin.get(OK)], [undefined, undefined]);
    });

    test("who may not approve may not make an approval needless either", async () => {
      await admin.patch(CLOUD, {
        type: "merge",
        value: {
          spec: {
            change: {
              approval: "Manual",
              windows: [nights],
              freeze: { reason: "audit", until: "2099-01-01T00:00:00Z" },
            },
          },
        },
      });
      const refused = async (change: object, doing: string): Promise<void> =>
        assert.equal(
          await as("joe", set(change)),
          `Error from server (Forbidden): ${denied("changes.clouds", MAY_NOT("joe", doing))}`,
        );
      await refused({ approval: "Automatic" }, "changing spec.change.approval from Manual to Automatic");
      await refused(
        { approval: "ByImpact", automaticUpTo: "WritesFail" },
        "changing spec.change.approval from Manual to ByImpact",
      );
      await refused({ windows: null }, "letting plans begin outside of spec.change.windows");
      await refused({ freeze: null }, "ending spec.change.freeze earlier");
      assert.equal(await as("joe", set({ paused: true })), "");
      assert.equal(await as("joe", set({ windows: [{ ...nights, duration: "2h" }] })), "");
      assert.equal(await as("jane", set({ approval: "ByImpact", freeze: null })), "");
      await refused({ automaticUpTo: "ReadsSlow" }, "raising spec.change.automaticUpTo from None to ReadsSlow");
    });

    test("what users write for a stamp is overwritten, and put back", async () => {
      const forged = {
        [APPROVED_BY]: JSON.stringify({ user: "root", time: "2026-01-01T00:00:00Z", hash: HASH }),
        mine: "1",
      };
      assert.equal(await as("jane", ["create"], approval("ok", {}, forged)), "");
      assert.equal((await stamp(OK))?.user, "jane");
      assert.equal((await admin.get(OK))?.metadata.annotations?.["mine"], "1");
      const annotate = (kind: string, name: string): string[] => [
        "annotate",
        "--overwrite",
        kind,
        name,
        `${APPROVED_BY}=${forged[APPROVED_BY]}`,
      ];
      assert.equal(await as("joe", annotate("planapproval", "ok")), "");
      assert.equal((await stamp(OK))?.user, "jane");
      assert.equal(await as("joe", annotate("clouds", "lab")), "");
      assert.equal(await stamp(CLOUD), undefined);
      assert.equal(await as("jane", set({ approvedPlan: HASH })), "");
      const before = await stamp(CLOUD);
      for (const change of [annotate("clouds", "lab"), ["annotate", "clouds", "lab", `${APPROVED_BY}-`]]) {
        assert.equal(await as("joe", change), "");
        assert.deepEqual(await stamp(CLOUD), before);
      }
      assert.equal(await as("joe", ["replace"], cloud({ approvedPlan: HASH })), "");
      assert.deepEqual(await stamp(CLOUD), before);
    });

    test("an approval that is taken back does not count, and asks nobody", async () => {
      assert.equal(await as("jane", set({ approvedPlan: HASH })), "");
      assert.equal(await as("joe", set({ approvedPlan: null })), "");
      assert.equal(await stamp(CLOUD), undefined);
    });

    test("the same file applied again passes for everybody, and leaves the stamp and its owner alone", async () => {
      const file = cloud({ approval: "Manual", approvedPlan: HASH, windows: [nights] });
      assert.equal(await as("jane", APPLY, file), "");
      const before = await admin.get(CLOUD);
      for (const verb of [APPLY, [...APPLY, "--dry-run=server"]]) assert.equal(await as("joe", verb, file), "");
      assert.deepEqual(await admin.get(CLOUD), before);
      const other = { ...file, spec: { ...(file["spec"] as object), network: { mtu: 9000 } } };
      assert.equal(await as("joe", APPLY, other), "");
      assert.deepEqual(await stamp(CLOUD), readStamp(before?.metadata.annotations?.[APPROVED_BY]));
      assert.deepEqual(ownersOfStamp(before), [], "whoever applies the file has no field to fight over");
    });

    test("a dry run needs what the call needs, and stores nothing", async () => {
      const verb = [...set({ approvedPlan: HASH }), "--dry-run=server"];
      assert.match(await as("joe", verb), /joe may not approve/);
      assert.equal(await as("jane", verb), "");
      assert.equal(await as("jane", ["create", "--dry-run=server"], approval()), "");
      assert.deepEqual([await stamp(CLOUD), await admin.get(OK)], [undefined, undefined]);
    });

    test("what does not wait for an approval is refused with the reason", async () => {
      const invalid = (kind: string, by: string, why: string): string =>
        `The ${kind} is invalid: ${by}: ${why} [not-approvable]`;
      assert.equal(
        await as("jane", set({ approvedPlan: "d".repeat(64) })),
        invalid(
          'Cloud "lab"',
          "spec.change.approvedPlan",
          `no plan of Cloud lab has this hash. Plan lab-2 waits for an approval, and has the hash ${HASH}`,
        ),
      );
      assert.equal(
        await as("jane", set({ approvedPlan: "c".repeat(64) })),
        invalid(
          'Cloud "lab"',
          "spec.change.approvedPlan",
          "Plan lab-1 is Superseded, and is not carried out. Plan lab-2 stands in its place, see it with: underpin plan lab-2",
        ),
      );
      assert.equal(
        await as("jane", set({ approvedPlan: OTHER })),
        invalid(
          'Cloud "lab"',
          "spec.change.approvedPlan",
          "the hash is that of Plan other-1, which is of Cloud other and not of lab",
        ),
      );
      assert.equal(
        await as("jane", ["create"], approval("ok", { hash: OTHER })),
        invalid(
          'PlanApproval "ok"',
          "spec.hash",
          `Plan lab-2 has the hash ${HASH}, and ${OTHER} is another: what was reviewed is not this plan. See it with: underpin plan lab-2`,
        ),
      );
      assert.equal(
        await as("jane", ["create"], approval("ok", { plan: "lab-9" })),
        invalid(
          'PlanApproval "ok"',
          "spec.hash",
          "there is no Plan lab-9 in namespace lab. The hash is that of Plan lab-2",
        ),
      );
      assert.match(await as("jane", set({ approvedPlan: HASH.slice(0, 12) })), /should match '\^\[0-9a-f\]\{64\}\$'/);
    });

    test("a policy that is not right is refused with the reason", async () => {
      const refused = async (window: object): Promise<string> =>
        as("jane", set({ windows: [{ ...nights, ...window }] }));
      assert.match(
        await refused({ schedule: "0 22 30 2 *" }),
        /^The Cloud "lab" is invalid: spec\.change\.windows\[0\]\.schedule: "0 22 30 2 \*": The window never opens, since this day never comes\. Example: schedule: "0 22 \* \* 1-5" \[never-opens\]$/,
      );
      assert.match(
        await refused({ timeZone: "Mars/Phobos" }),
        /"Mars\/Phobos": There is no time zone of this name in the IANA database\./,
      );
      assert.match(
        await refused({ schedule: "0 25 * * *" }),
        /Invalid value for hour: 25\. A schedule has five fields/,
      );
      assert.match(await refused({ duration: "0h" }), /The window never opens, since it has no length/);
      assert.match(
        await as("jane", set({ windows: [nights], freeze: { reason: "audit" } })),
        /^Warning: spec\.change\.freeze: The freeze has no end/,
      );
    });

    test("the operator's own writes, and what is no approval, ask nobody", async () => {
      assert.equal(await as("jane", set({ approvedPlan: HASH })), "");
      await operator.patch(CLOUD, { type: "merge", value: { metadata: { finalizers: ["underpin.dev/cloud"] } } });
      const count = answers;
      await operator.patch(CLOUD, { type: "merge", value: { status: { phase: "Ready" } } }, { subresource: "status" });
      await operator.patch(CLOUD, { type: "merge", value: { metadata: { finalizers: [] } } });
      assert.equal(await as("joe", set({ paused: true })), "");
      assert.equal(await as("joe", ["annotate", "clouds", "lab", "a=b"]), "");
      assert.equal(answers, count);
    });

    test("while the webhook is away approvals and policies are refused, and everything else passes", async () => {
      assert.equal(await as("jane", ["create"], approval()), "");
      await webhook?.close();
      webhook = undefined;
      try {
        const lost = (by: string): RegExp => new RegExp(`failed calling webhook "${by}\\.underpin\\.dev"`);
        assert.match(await as("jane", ["create"], approval("second")), lost("stamp.planapprovals"));
        assert.match(await as("jane", set({ approvedPlan: HASH })), lost("stamp.clouds"));
        assert.match(await as("jane", set({ approval: "Manual" })), lost("changes.clouds"));
        assert.match(await as("joe", ["annotate", "clouds", "lab", `${APPROVED_BY}={}`]), lost("stamp.clouds"));
        assert.equal(await as("joe", set({ paused: true })), "");
        assert.equal(await as("joe", ["annotate", "planapproval", "ok", "a=b"]), "");
        await operator.patch(
          CLOUD,
          { type: "merge", value: { status: { phase: "Ready" } } },
          { subresource: "status" },
        );
        await operator.delete(OK);
        assert.equal(await as("joe", ["delete", "clouds", "lab"]), "");
      } finally {
        await startWebhook();
      }
    });

    test("with one of the two configurations gone, nothing is approved that should not be", async () => {
      const [mutating, validating] = CONFIGURATIONS as [(typeof CONFIGURATIONS)[0], (typeof CONFIGURATIONS)[0]];
      /** The API server learns of it a moment later. */
      const until = async (wanted: RegExp, user: string): Promise<void> => {
        let said = "";
        for (const end = Date.now() + 60_000; Date.now() < end && !wanted.test(said);)
          said = await as(user, ["create", "--dry-run=server"], approval());
        assert.match(said, wanted);
      };
      await admin.delete(mutating);
      await until(
        /not stamped with who gave it, and so it does not count: Underpin's mutating webhook was not asked/,
        "jane",
      );
      await configure();
      await until(/^$/, "jane");
      await admin.delete(validating);
      await until(/"stamp\.planapprovals\.underpin\.dev" denied the request: joe may not approve/, "joe");
      await configure();
      await asked();
    });
  },
);
