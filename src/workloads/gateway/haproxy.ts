// HAProxy's configuration as text: https://docs.haproxy.org/3.0/configuration.html
import type { Api } from "./apis.ts";

export const HTTPS_PORT = 8443;
/** Metrics and the probe of health, inside the cluster alone. */
export const METRICS_PORT = 8404;
/** Longest time that requests under way have when the gateway stops: an image's upload takes minutes. */
export const DRAIN_SECONDS = 300;
export const TLS_DIR = "/etc/underpin/tls";

export interface HaproxyOptions {
  readonly apis: readonly Api[];
  /** Threads, each of which may use a processor core. */
  readonly threads: number;
  /** Most pods of an API that are known at once: twice its replicas, for a rollout. */
  readonly servers: (api: Api) => number;
  /** Full DNS name of a Service of the Cloud. */
  readonly host: (service: string) => string;
  /** The console's proxy; absent when there is none. */
  readonly console?: { readonly host: string; readonly port: number };
}

export function haproxyConfig(options: HaproxyOptions): string {
  const backends = options.apis.map((api) => apiBackend(api, options));
  const parts = [GLOBAL(options.threads), RESOLVERS, DEFAULTS, metrics(), frontend(options), ...backends];
  return [...parts, ...(options.console === undefined ? [] : [consoleBackend(options.console)])].join("\n");
}

const GLOBAL = (threads: number): string => `global
  log stdout format raw local0 info
  nbthread ${threads}
  maxconn 4000
  # A soft stop waits for requests that are under way, and no longer than this.
  hard-stop-after ${DRAIN_SECONDS}s
  stats socket /run/haproxy/admin.sock mode 600 level admin
  # The key lies beside the certificate: tls.crt, tls.key.
  ssl-load-extra-del-ext
  ssl-load-extra-files key
  ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets
`;

/** Pods come and go by DNS; an answer is trusted for half a second, and who is no longer in it gets nothing new. */
const RESOLVERS = `resolvers cluster
  parse-resolv-conf
  accepted_payload_size 8192
  resolve_retries 3
  timeout resolve 500ms
  timeout retry 300ms
  hold valid 500ms
  hold obsolete 0s
  hold nx 1s
  hold other 5s
  hold refused 5s
  hold timeout 5s
`;

const UNAVAILABLE = [
  [502, "Bad Gateway", "The API broke off its answer. The request may have been carried out."],
  [503, "Service Unavailable", "No server of this API is ready. Try again in a few seconds."],
  [504, "Gateway Timeout", "The API did not answer in time. The request may have been carried out."],
] as const;

const DEFAULTS = `defaults
  mode http
  log global
  option dontlognull
  option forwardfor
  # A connection to a server serves one request: a kept one may be closed just when the next request is sent.
  option http-server-close
  # While stopping, a client learns with its next answer that its connection ends, instead of finding it closed.
  option idle-close-on-response
  timeout connect 1s
  timeout client 900s
  timeout client-fin 30s
  timeout server 60s
  timeout queue 30s
  timeout http-request 30s
  timeout http-keep-alive 30s
  timeout check 3s
  timeout tunnel 1h
  # What never reached a server may be sent to another, whatever it is.
  retries 5
  option redispatch 1
  retry-on conn-failure
${UNAVAILABLE.map(([code, title, text]) => `  http-error status ${code} content-type application/json string '${error(code, title, text)}' hdr Retry-After 2`).join("\n")}
`;

function metrics(): string {
  return `frontend metrics
  bind :${METRICS_PORT}
  no log
  http-request use-service prometheus-exporter if { path /metrics }
  http-request return status 503 content-type text/plain string "stopping" if { path /healthz } { stopping }
  http-request return status 200 content-type text/plain string "ok" if { path /healthz }
  http-request return status 404
`;
}

function frontend({ apis, console }: HaproxyOptions): string {
  const listing = JSON.stringify({ apis: Object.fromEntries(apis.map((api) => [`/${api.name}`, api.title])) });
  const known = apis.map((api) => `/${api.name}`).join(", ");
  const unknown = error(404, "Not Found", `There is no API at this path. The APIs are: ${known}`);
  const routes = apis.map((api) => `  use_backend ${api.name} if { path /${api.name} } || { path_beg /${api.name}/ }`);
  return `frontend https
  bind :${HTTPS_PORT} ssl crt ${TLS_DIR}/tls.crt alpn h2,http/1.1
  # Paths without their query, which may hold a console's token; no header is written.
  log-format '{"client":"%ci","method":"%HM","path":"%{+E}HPO","status":%ST,"bytes":%B,"backend":"%b","server":"%s","retries":"%rc","ms":%Ta,"ms_wait":%Tw,"ms_server":%Tr,"end":"%tsc"}'
  http-request return status 200 content-type text/plain string "ok" if { path /healthz }
  # What a client says about proxies in front of us is not to be believed.
  http-request del-header Forwarded
  http-request del-header X-Forwarded-For
  http-request set-header X-Forwarded-Proto https
  http-request set-header X-Forwarded-Host %[req.hdr(Host)]
  http-request del-header X-Forwarded-Prefix
  http-request return status 200 content-type application/json string '${listing}' if { path / } !{ hdr(Upgrade) -i websocket }
${console === undefined ? "" : CONSOLE_ROUTES}${routes.join("\n")}
  default_backend unknown

backend unknown
  http-request return status 404 content-type application/json string '${unknown}'
`;
}

/** noVNC's page lies under /console; its web socket opens at the root with the token in the query. */
const CONSOLE_ROUTES = `  acl console_socket path / /websockify
  use_backend console if { path_beg /console/ } || console_socket { hdr(Upgrade) -i websocket }
`;

function apiBackend(api: Api, { host, servers }: HaproxyOptions): string {
  const repeatable = api.repeatable === undefined ? "METH_GET" : `METH_GET or ${api.repeatable}`;
  return `backend ${api.name}
  balance leastconn
  timeout server ${api.timeoutSeconds}s
${api.buffered ? "  option http-buffer-request\n" : ""}  http-request set-header X-Forwarded-Prefix /${api.name}
  http-request replace-path ^/${api.name}/*(.*)$ /\\1
  # A server that died without an answer may have done what was asked: only what changes nothing is sent again.
  retry-on conn-failure empty-response junk-response
  http-request disable-l7-retry unless ${repeatable}
  ${SERVER} ${servers(api)} ${host(api.host)}:${api.port} ${CHECK}
`;
}

const SERVER = "server-template s";
/**
 * Connections alone are checked. A request would wait behind slow ones at an API with few threads, and a busy server
 * would count as down; whether a pod is ready is the kubelet's to say, and DNS lists it then.
 */
const CHECK =
  "check inter 1s fastinter 250ms downinter 500ms fall 2 rise 1 resolvers cluster resolve-prefer ipv4 init-addr none";

function consoleBackend({ host, port }: { readonly host: string; readonly port: number }): string {
  return `backend console
  balance source
  http-request replace-path ^/console/*(.*)$ /\\1
  ${SERVER} 5 ${host}:${port} ${CHECK}
`;
}

/** A body in the form of OpenStack's errors. */
function error(code: number, title: string, message: string): string {
  return JSON.stringify({ error: { code, title, message } });
}
