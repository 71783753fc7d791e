import { AcceptedButFailed, made, named, type WitnessDefinition } from "../witness-contract.ts";

export const witness: WitnessDefinition = {
  api: "network",
  reads: [
    { name: "list networks", path: "/networks?limit=5" },
    { name: "list ports", path: "/ports?limit=5" },
  ],
  cycles: [
    {
      name: "network and port",
      run: async (api, name) => {
        const network = made(await api.post("/networks", { network: { name } }), "network");
        const port = made(await api.post("/ports", { port: { name, network_id: network.id } }), "port");
        for (const { path, key } of [
          { path: `/networks/${network.id}`, key: "network" },
          { path: `/ports/${port.id}`, key: "port" },
        ]) {
          const { status = "" } = made(await api.get(path), key);
          if (status === "ERROR") throw new AcceptedButFailed(key, status);
        }
        await api.delete(`/ports/${port.id}`);
        await api.delete(`/networks/${network.id}`);
      },
      leftovers: async (api, prefix) => {
        const own = `project_id=${api.projectId}`;
        const ports = named(await api.get(`/ports?${own}`), { key: "ports", prefix });
        const networks = named(await api.get(`/networks?${own}`), { key: "networks", prefix });
        return [...ports.map(({ id }) => `/ports/${id}`), ...networks.map(({ id }) => `/networks/${id}`)];
      },
    },
  ],
};
