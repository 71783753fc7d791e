import type { Cloud } from "../contract.ts";

/** One path of the front door. */
export interface Api {
  /** Name of the backend in metrics, and the path without its slash. */
  readonly name: string;
  /** The service of the Cloud that it belongs to. */
  readonly service: string;
  /** Headless Service: one DNS record a ready pod. */
  readonly host: string;
  readonly port: number;
  readonly title: string;
  /** Wait for the whole request before a server is chosen, so that a slow client holds no thread of it. Not for images. */
  readonly buffered: boolean;
  /** Seconds without a byte from the server before it counts as stuck. */
  readonly timeoutSeconds: number;
  /** Requests that may be sent again although a server may have seen them, beside GET and HEAD; a condition of HAProxy. */
  readonly repeatable?: string;
}

const APIS: readonly Api[] = [
  {
    name: "identity",
    service: "keystone",
    host: "keystone",
    port: 5000,
    title: "Identity (keystone)",
    buffered: true,
    timeoutSeconds: 60,
    // A token too many harms nobody, and without tokens nothing works.
    repeatable: "{ method POST } { path /v3/auth/tokens }",
  },
  {
    name: "image",
    service: "glance",
    host: "glance",
    port: 9292,
    title: "Image (glance)",
    buffered: false,
    timeoutSeconds: 900,
  },
  {
    name: "placement",
    service: "placement",
    host: "placement",
    port: 8778,
    title: "Placement",
    buffered: true,
    timeoutSeconds: 60,
  },
  {
    name: "compute",
    service: "nova",
    host: "nova-api",
    port: 8774,
    title: "Compute (nova)",
    buffered: true,
    timeoutSeconds: 300,
  },
  {
    name: "network",
    service: "neutron",
    host: "neutron",
    port: 9696,
    title: "Network (neutron)",
    buffered: true,
    timeoutSeconds: 300,
  },
];

/** The APIs of the Cloud's enabled services. */
export function enabledApis(cloud: Cloud): readonly Api[] {
  return APIS.filter((api) => cloud.spec.services[api.service]?.enabled === true);
}
