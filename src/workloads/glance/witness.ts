import { AcceptedButFailed, named, type WitnessDefinition } from "../witness-contract.ts";

/** Bytes of the image that is uploaded: enough to reach the store, too few to fill it. */
const SIZE = 1024;

export const witness: WitnessDefinition = {
  api: "image",
  reads: [{ name: "list images", path: "/images?limit=5" }],
  cycles: [
    {
      name: "image",
      run: async (api, name) => {
        const image = await api.post("/images", {
          name,
          disk_format: "raw",
          container_format: "bare",
          visibility: "private",
        });
        const path = `/images/${String(image["id"])}`;
        await api.upload(`${path}/file`, Buffer.alloc(SIZE));
        const { status, size } = await api.get(path);
        if (status !== "active" || size !== SIZE) throw new AcceptedButFailed("image", String(status));
        await api.delete(path);
      },
      leftovers: async (api, prefix) => {
        const found = await api.get(`/images?owner=${api.projectId}&limit=100`);
        return named(found, { key: "images", prefix }).map(({ id }) => `/images/${id}`);
      },
    },
  ],
};
