import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { describeStanding } from "../../src/guest/standing.ts";

describe("a guest that does not answer", () => {
  test("is told with all that is not as it should be", () => {
    const standing = describeStanding({
      server: { status: "ACTIVE" },
      ports: [{ status: "DOWN" }],
      floatingIp: { status: "DOWN", port_id: null },
      agents: [
        { agent_type: "OVN Metadata agent", host: "n1", alive: true },
        { agent_type: "OVN Controller Gateway agent", host: "n1", alive: false },
      ],
      console: "",
    });
    assert.equal(
      standing,
      "the server is ACTIVE; its port is DOWN; its floating IP belongs to no port; OVN Controller Gateway agent on n1 is not alive; its console is empty",
    );
  });

  test("is told with its own last words, and with nothing that is right", () => {
    const lines = ["[    0.0] Linux", "guest: boot 1 of this disk", "", "guest: no DHCP answer", "  x".repeat(100), ""];
    const standing = describeStanding({
      server: { status: "SHUTOFF" },
      ports: [{ status: "ACTIVE" }],
      floatingIp: { status: "ACTIVE", port_id: "p" },
      agents: [],
      console: lines.join("\r\n"),
    });
    const last = "x".repeat(1) + "  x".repeat(99);
    assert.equal(
      standing,
      `the server is SHUTOFF; its console ends with "guest: boot 1 of this disk | guest: no DHCP answer | ${last.slice(0, 120)}"`,
    );
  });

  test("of which nothing is known is said to be unknown", () => {
    assert.equal(describeStanding({}), "the server is unknown; its console is empty");
  });
});
