import fc from "fast-check";
import { API_VERSION } from "../../src/api/names.ts";
import { SERVICE_NAMES, type CloudInput } from "../../src/api/cloud.ts";

export function smallestCloud(): CloudInput {
  return {
    apiVersion: API_VERSION,
    kind: "Cloud",
    metadata: { name: "laptop", namespace: "laptop" },
    spec: { release: "2025.1" },
  };
}

const label = (max: number): fc.Arbitrary<string> =>
  fc.stringMatching(/^[a-z]([-a-z0-9]{0,14}[a-z0-9])?$/).map((text) => text.slice(0, max).replace(/-$/, "x"));

const optionValue = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.integer(),
  fc.boolean(),
  fc.array(fc.string({ maxLength: 5 }), { maxLength: 3 }),
);
const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,15}$/);
const options = fc.dictionary(name, fc.dictionary(name, optionValue, { maxKeys: 3 }), { maxKeys: 3 });

const service = fc.record(
  {
    enabled: fc.constant(true),
    replicas: fc.integer({ min: 1, max: 15 }),
    options,
    policy: fc.dictionary(name, fc.string({ maxLength: 20 }), { maxKeys: 2 }),
  },
  { requiredKeys: [] },
);

/** Provider networks that share neither addresses nor VLANs. */
const providers = fc.uniqueArray(fc.integer({ min: 0, max: 255 }), { maxLength: 4 }).map((numbers) =>
  numbers.map((number, index) => ({
    name: `net-${index}`,
    interface: `ext${index}`,
    cidr: `172.16.${number}.0/24`,
    gateway: `172.16.${number}.1`,
    pool: `172.16.${number}.10-172.16.${number}.250`,
  })),
);

/** Clouds that are right. */
export function arbitraryCloud(): fc.Arbitrary<CloudInput> {
  const spec = fc.record(
    {
      release: fc.constant("2025.1"),
      region: fc.stringMatching(/^[A-Za-z0-9]{1,20}$/),
      profile: fc.constantFrom("Minimal" as const, "Standard" as const, "Large" as const),
      network: fc.record({ provider: providers, mtu: fc.integer({ min: 1280, max: 9216 }) }, { requiredKeys: [] }),
      services: fc.dictionary(fc.constantFrom(...SERVICE_NAMES), service, { maxKeys: 3, noNullPrototype: true }),
      compute: fc.record(
        { pools: fc.uniqueArray(label(16), { maxLength: 3 }).map((names) => names.map((pool) => ({ name: pool }))) },
        { requiredKeys: [] },
      ),
      change: fc.record(
        {
          approval: fc.constantFrom("Automatic" as const, "Manual" as const, "ByImpact" as const),
          paused: fc.boolean(),
          windows: fc
            .boolean()
            .map((some) =>
              some ? [{ name: "nights", schedule: "0 22 * * 1-5", duration: "4h", timeZone: "Europe/Berlin" }] : [],
            ),
          freeze: fc.constant({ reason: "audit", until: "2027-01-04T06:00:00Z" }),
          approvedPlan: fc.stringMatching(/^[0-9a-f]{64}$/),
        },
        { requiredKeys: [], noNullPrototype: true },
      ),
      drift: fc.constantFrom<NonNullable<CloudInput["spec"]["drift"]>>(
        {},
        { default: "Report" },
        { kinds: [{ kind: "Job", action: "Report" }] },
      ),
      deletionPolicy: fc.constantFrom("Retain" as const, "Delete" as const),
    },
    { requiredKeys: ["release"], noNullPrototype: true },
  );
  return spec.map((inner) => ({ ...smallestCloud(), spec: inner }));
}
