import { made, named, type WitnessDefinition } from "../witness-contract.ts";

export const witness: WitnessDefinition = {
  api: "identity",
  reads: [
    // The cheapest request that needs a token, keystone's database and its policy.
    { name: "show token's projects", path: "/auth/projects" },
    { name: "show catalogue", path: "/auth/catalog" },
  ],
  cycles: [
    { name: "issue token", run: (api) => api.issueToken() },
    {
      // A credential that keystone keeps encrypted: proves the credential keys, too.
      name: "credential",
      run: async (api, name) => {
        const { userId, projectId } = api;
        const fields = { type: name, blob: "{}", user_id: userId, project_id: projectId };
        const { id } = made(await api.post("/credentials", { credential: fields }), "credential");
        await api.get(`/credentials/${id}`);
        await api.delete(`/credentials/${id}`);
      },
      leftovers: async (api, prefix) => {
        const found = await api.get(`/credentials?user_id=${api.userId}`);
        return named(found, { key: "credentials", prefix, field: "type" }).map(({ id }) => `/credentials/${id}`);
      },
    },
  ],
};
