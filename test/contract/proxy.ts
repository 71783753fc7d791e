// A TCP proxy on loopback that counts connections, hangs, and cuts.
import { connect, createServer, type Socket } from "node:net";

export interface Proxy {
  readonly port: number;
  /** Connections made so far, and open now. */
  readonly made: number;
  readonly open: number;
  /** The connections of now carry nothing any more, without being closed. New ones work. */
  hang(): void;
  cut(): void;
  close(): Promise<void>;
}

export async function startProxy(targetPort: number): Promise<Proxy> {
  const pairs = new Set<{ client: Socket; target: Socket }>();
  let made = 0;
  const server = createServer((client) => {
    made += 1;
    const target = connect(targetPort, "127.0.0.1");
    const pair = { client, target };
    pairs.add(pair);
    const end = (): void => {
      client.destroy();
      target.destroy();
      pairs.delete(pair);
    };
    for (const socket of [client, target]) socket.on("error", end).on("close", end);
    client.pipe(target).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const cut = (): void => {
    for (const { client, target } of pairs) {
      client.destroy();
      target.destroy();
    }
  };
  return {
    port: address !== null && typeof address === "object" ? address.port : 0,
    get made() {
      return made;
    },
    get open() {
      return pairs.size;
    },
    hang: () => {
      for (const { client, target } of pairs) {
        client.unpipe(target);
        target.unpipe(client);
      }
    },
    cut,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      cut();
      await closed;
    },
  };
}
