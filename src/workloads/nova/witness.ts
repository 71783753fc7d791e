import type { WitnessDefinition } from "../witness-contract.ts";

/** A public key without a private one: nobody can log in with it. */
const PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAjOGv9KOl1xOw/QNxgrSeTGHIj3B5S/XZJD1cXu6XZV nobody";

export const witness: WitnessDefinition = {
  api: "compute",
  reads: [
    { name: "list flavors", path: "/flavors?limit=5" },
    // Through the cells: the database of each is asked.
    { name: "list servers", path: "/servers/detail?limit=5" },
  ],
  cycles: [
    {
      name: "keypair",
      run: async (api, name) => {
        await api.post("/os-keypairs", { keypair: { name, type: "ssh", public_key: PUBLIC_KEY } });
        await api.get(`/os-keypairs/${name}`);
        await api.delete(`/os-keypairs/${name}`);
      },
      leftovers: async (api, prefix) => {
        const found = (await api.get("/os-keypairs"))["keypairs"] as readonly { keypair: { name: string } }[];
        return found
          .filter(({ keypair }) => keypair.name.startsWith(prefix))
          .map(({ keypair }) => `/os-keypairs/${keypair.name}`);
      },
    },
  ],
};
