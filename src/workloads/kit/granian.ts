// For APIs with a single thread, which a request as a probe would harm; those with several are built by wsgi.ts.
import { execProbe } from "./probes.ts";
import type { Lifecycle, Probe } from "./types.ts";

/** Where the small modules are that load an application for the server. */
export const WSGI_DIR = "/opt/underpin-wsgi";

/** Port of the message bus with TLS, and of the database. */
export const BUS_PORT = 5671;
export const DATABASE_PORT = 3306;

/**
 * Command of the WSGI server. A kept connection may be closed just when a client sends its next request, so every
 * answer closes its own: then nothing is lost when a pod stops.
 */
export function granian(
  module: string,
  port: number,
  { workers, threads }: { readonly workers: number; readonly threads: number },
): readonly string[] {
  const options = { "--interface": "wsgi", "--host": "0.0.0.0", "--port": port, "--workers": workers };
  return [
    "/opt/openstack/bin/granian",
    ...Object.entries(options).flatMap(([name, value]) => [name, String(value)]),
    "--blocking-threads",
    String(threads),
    "--no-http1-keep-alive",
    "--no-access-log",
    `${module}:application`,
  ];
}

/** Before SIGTERM: until no gateway has the pod in its list any more (DNS answers are cached for up to 5 s). */
export const WSGI_DRAIN: Lifecycle = { preStop: { sleep: { seconds: 8 } } };
/** The drain, and then the requests that are under way. */
export const WSGI_GRACE_SECONDS = 90;

/**
 * The pod holds a connection to `port` somewhere: "worker deaf" and "bus down" both end it. Reads the kernel's list,
 * because a start of Python would cost more than the test is worth.
 */
export function connectedProbe(port: number): Probe {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  const pattern = `^ *[0-9]+: [0-9A-F]+:[0-9A-F]+ [0-9A-F]+:${hex} 01 `;
  return execProbe(["grep", "-qE", "-m1", pattern, "/proc/net/tcp", "/proc/net/tcp6"], { periodSeconds: 10 });
}
