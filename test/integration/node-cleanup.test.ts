// The clean-up of a node, run on a made-up one: namespaces of its own for mounts, processes and network.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, rmdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { exec, ExecError } from "../../src/host/exec.ts";

const SCRIPT = fileURLToPath(new URL("../../src/workloads/network/scripts/cleanup.sh", import.meta.url));
const skip = process.getuid?.() === 0 ? false : "a made-up node needs namespaces, and those need root";

let folder = "";
const made: string[] = [];
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "node-cleanup-"));
});
after(async () => {
  await rm(folder, { recursive: true, force: true });
  for (const place of made.toReversed()) await rmdir(place);
});

/** What the Cloud's pods leave on a node, by the names that nova and OVN give. */
const USED = `set -e
mount -t tmpfs tmpfs /run; mount -t tmpfs tmpfs /host; mount -t tmpfs tmpfs /etc/underpin
mount -t sysfs sysfs /sys
mkdir -p /run/netns /host/state/nova/instances /host/state/openvswitch /host/run/openvswitch /host/run/libvirt /etc/underpin/ovs
echo "public br-ex ext0" >/etc/underpin/ovs/bridges
for name in tap01234567-89 br-int br-ex ext0; do ip link add "$name" type bridge; done
ip netns add ovnmeta-one
sleep 4711 &
(exec -a "qemu-system-x86_64 -name guest=instance-00000001" sleep 4712) &
for try in $(seq 300); do pgrep -f 'sleep 4711' >/dev/null && pgrep -f qemu-system >/dev/null && break; sleep 0.1; done
set +e
`;
const LOOK = `ls /sys/class/net | tr '\\n' ' '; ls /run/netns /host/state; pgrep -f 'sleep 4711' >/dev/null && echo bystander; pgrep -f qemu-system >/dev/null && echo guest; true`;

async function onNode(script: string, policy: string): Promise<string> {
  const file = join(folder, "node.sh");
  await writeFile(file, `${USED}\n${script}\n`);
  // Something to mount over: what was not there before is removed in the end.
  for (const place of ["/host", "/etc/underpin"])
    if ((await mkdir(place, { recursive: true })) !== undefined) made.push(place);
  const namespaces = ["--mount", "--net", "--pid", "--fork", "--mount-proc", "--propagation", "private"];
  const { stdout } = await exec("unshare", [...namespaces, "bash", file], { env: { DELETION_POLICY: policy, SCRIPT } });
  return stdout;
}

test(
  "guests, namespaces, devices and with Delete their state go; what is not the Cloud's stays",
  { skip },
  async () => {
    const seen = await onNode(`sh "$SCRIPT"; echo "exit $?"; ${LOOK}`, "Delete");
    assert.match(seen, /^clean\nexit 0\n/);
    assert.match(seen, /ext0 lo/);
    assert.doesNotMatch(seen, /tap|br-int|br-ex|ovnmeta|nova|guest/);
    assert.match(seen, /bystander/);
  },
);

test("with Retain the state stays", { skip }, async () => {
  assert.match(await onNode(`sh "$SCRIPT"; ${LOOK}`, "Retain"), /nova\nopenvswitch/);
});

test("what cannot be removed is named, and fails the Job", { skip }, async () => {
  const busy = "mount -t tmpfs tmpfs /host/state/nova/instances";
  await assert.rejects(
    onNode(`${busy}; exec sh "$SCRIPT"`, "Delete"),
    (error) => error instanceof ExecError && /still there: \/host\/state\/nova/.test(error.stderr),
  );
});
