// What is read from a cloud that did not come up, before the tests remove it.
import assert from "node:assert/strict";
import { type Outcome, underpin } from "./machine.ts";

const NB = ["ovn-nbctl", "--db=unix:/run/ovn/ovnnb_db.sock"];
const SB = ["ovn-sbctl", "--db=unix:/run/ovn/ovnsb_db.sock"];

const QUESTIONS: readonly (readonly string[])[] = [
  ["status", "-o", "wide"],
  ["kubectl", "get", "pods", "-A"],
  ["kubectl", "-n", "laptop", "exec", "ovn-nb-0", "--", ...NB, "show"],
  [
    "kubectl",
    "-n",
    "laptop",
    "exec",
    "ovn-nb-0",
    "--",
    ...NB,
    "--columns=name,dhcpv4_options",
    "list",
    "logical_switch_port",
  ],
  ["kubectl", "-n", "laptop", "exec", "ovn-sb-0", "--", ...SB, "show"],
  ["kubectl", "-n", "laptop-nodes", "exec", "ds/ovs", "-c", "vswitchd", "--", "ovs-vsctl", "show"],
  ["kubectl", "-n", "laptop-nodes", "exec", "ds/ovs", "-c", "vswitchd", "--", "ip", "-s", "link"],
  ["openstack", "server", "list"],
  ["openstack", "port", "list", "--long", "-c", "ID", "-c", "Status", "-c", "Device Owner", "-c", "Fixed IP Addresses"],
  ["openstack", "network", "agent", "list", "-c", "Agent Type", "-c", "Host", "-c", "Alive"],
  ["openstack", "console", "log", "show", "hello", "--lines", "30"],
  ["kubectl", "-n", "laptop", "logs", "deployment/neutron", "--tail", "60"],
  ["kubectl", "-n", "laptop-nodes", "logs", "ds/ovn-controller", "--tail", "40"],
  ["kubectl", "-n", "laptop-nodes", "logs", "ds/ovs", "-c", "vswitchd", "--tail", "40"],
  ["logs", "compute", "--tail", "40"],
];

/** Runs `up`, which has to end well: else the test fails with how the cloud stands. */
export async function bringsUp(flags: readonly string[], timeoutMs: number): Promise<Outcome> {
  const outcome = await underpin(["up", ...flags], { timeoutMs });
  if (outcome.code === 0) return outcome;
  return assert.fail(`up ended with ${outcome.code}\n${outcome.stderr.slice(-2000)}\n${await diagnosis()}`);
}

/** The cloud as its own tools show it; what does not answer within its time says so. */
async function diagnosis(): Promise<string> {
  const answers: string[] = [];
  for (const question of QUESTIONS) {
    const { code, stdout, stderr } = await underpin(question, { timeoutMs: 30_000 });
    answers.push(`$ underpin ${question.join(" ")}${code === 0 ? "" : ` -> ${code}`}\n${stdout}${stderr}`);
  }
  return answers.join("\n");
}
