import { type WitnessDefinition } from "../witness-contract.ts";

/** Placement wants traits of users to begin so. */
const TRAIT = "CUSTOM_";

export const witness: WitnessDefinition = {
  api: "placement",
  // What a member of a project may ask: how much its own project uses.
  reads: [{ name: "show usages", path: "/usages?project_id={project}" }],
  cycles: [
    {
      name: "trait",
      as: "service",
      run: async (api, name) => {
        const path = `/traits/${trait(name)}`;
        await api.put(path);
        await api.get(path);
        await api.delete(path);
      },
      leftovers: async (api, prefix) => {
        const found = await api.get(`/traits?name=startswith:${trait(prefix)}`);
        return ((found["traits"] ?? []) as string[]).map((name) => `/traits/${name}`);
      },
    },
  ],
};

function trait(name: string): string {
  return TRAIT + name.toUpperCase().replaceAll("-", "_");
}
