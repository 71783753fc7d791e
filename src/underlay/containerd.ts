import { join } from "node:path";
import type { Exec } from "../host/exec.ts";
import type { ImageFile } from "./images.ts";

/** The containerd of one node, reached from the machine. */
export interface ContainerdClient {
  readonly exec: Exec;
  /** Folder that holds `ctr`. */
  readonly bin: string;
  readonly socket: string;
}

/** Imports, unpacks and pins the images that are not there yet, two at a time. Returns the names that were imported. */
export async function importImages(client: ContainerdClient, images: readonly ImageFile[]): Promise<string[]> {
  const present = new Set((await ctr(client, ["images", "ls", "-q"])).split("\n"));
  const missing = images.filter((image) => image.names.some((name) => !present.has(name)));
  const queue = [...missing];
  const worker = async (): Promise<void> => {
    for (let image = queue.shift(); image !== undefined; image = queue.shift()) {
      // Pinned: no registry could give it back if the kubelet removed it.
      await ctr(client, ["images", "import", "--local", "--label", "io.cri-containerd.pinned=pinned", image.file]);
    }
  };
  await Promise.all([worker(), worker()]);
  return missing.flatMap((image) => [...image.names]);
}

async function ctr(client: ContainerdClient, args: readonly string[]): Promise<string> {
  return (await client.exec(join(client.bin, "ctr"), ["-a", client.socket, "-n", "k8s.io", ...args])).stdout;
}
