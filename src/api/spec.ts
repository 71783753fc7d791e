import { z } from "zod";
import { change } from "./change.ts";
import { drift } from "./drift.ts";
import {
  address,
  cidr,
  dnsLabel,
  keyReference,
  MAX_NAME,
  nameReference,
  nodeSelector,
  placement,
  storage,
} from "./fields.ts";
import { options } from "./service.ts";
import { services } from "./services.ts";

const byName = { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] } as const;

const images = z.object({
  registry: z
    .string()
    .max(253)
    .optional()
    .describe("Registry and path in front of the images' names. Without it the images that the nodes have."),
  pullSecrets: z.array(nameReference).max(8).default([]).meta(byName).describe("Secrets for the registry."),
  overrides: z
    .array(
      z.object({
        name: dnsLabel(MAX_NAME).describe("Name of the image, for example openstack."),
        image: z.string().min(1).max(512).describe("Full reference, best with a digest."),
      }),
    )
    .max(32)
    .default([])
    .meta(byName)
    .describe("Images to use instead of the release's."),
});

const endpoints = z.object({
  hostname: z
    .string()
    .min(1)
    .max(253)
    .regex(
      /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
      "must be a host name, like cloud.example",
    )
    .optional()
    .describe("Name under which users reach the cloud. Without it a node's address."),
  exposure: z
    .object({
      type: z
        .enum(["NodePort", "LoadBalancer"])
        .default("NodePort")
        .describe("How the front door is reached from outside."),
      nodePort: z.int().min(30000).max(32767).default(30443).describe("Port on every node, with type NodePort."),
    })
    .prefault({})
    .describe("How the front door is reached from outside the cluster."),
  tls: z
    .object({ secretRef: nameReference.describe("A Secret of type kubernetes.io/tls with ca.crt.") })
    .optional()
    .describe("Certificate of the front door. Without it the Cloud's own authority makes one."),
});

const QUORUM = z
  .int()
  .min(1)
  .max(5)
  .optional()
  .describe("Members: an odd number, because they keep a quorum. This version runs 1.");

/** Managed by us, or somebody else's: the same union for the database and the message bus. */
function backend(what: string, port: number) {
  return z.object({
    type: z
      .enum(["Managed", "External"])
      .default("Managed")
      .describe(`Managed: run by Underpin. External: a ${what} that exists.`),
    managed: z
      .object({
        replicas: QUORUM,
        storage: storage.prefault({}).describe("Volume of each member."),
      })
      .prefault({})
      .describe("With type Managed."),
    external: z
      .object({
        host: z.string().min(1).max(253).describe("Name or address."),
        port: z.int().min(1).max(65535).default(port).describe("TCP port."),
        adminSecretRef: nameReference.describe("Secret with the keys username and password of an administrator."),
        caRef: keyReference.optional().describe("Certificate authority that signed its certificate."),
      })
      .optional()
      .describe("With type External."),
  });
}

const provider = z.object({
  name: dnsLabel(MAX_NAME).describe("Name of the network and of its physical network, for example public."),
  interface: z
    .string()
    .min(1)
    .max(15)
    .describe("Network interface of the nodes that is attached to it, for example eth1."),
  vlan: z.int().min(0).max(4094).default(0).describe("VLAN of the network on the interface; 0: untagged."),
  cidr: cidr.describe("Range of the network, for example 10.91.0.0/24."),
  gateway: address.optional().describe("Router of the network. Without it guests have no way out through it."),
  pool: z.string().min(3).max(79).describe("Addresses that may be given away, first to last: 10.91.0.100-10.91.0.200."),
});

const network = z.object({
  provider: z
    .array(provider)
    .max(16)
    .default([])
    .meta(byName)
    .describe("Networks outside the cloud that guests reach and are reached by."),
  mtu: z
    .int()
    .min(1280)
    .max(9216)
    .default(1500)
    .describe("Largest packet of the physical network, in bytes; tunnels need 58 of it."),
  tunnelCIDR: cidr
    .optional()
    .describe("Network of the nodes that carries the tunnels. Without it the nodes' internal addresses."),
});

const pool = z.object({
  name: dnsLabel(MAX_NAME).describe("Name of the pool, for example std."),
  nodeSelector: nodeSelector
    .default({})
    .describe("Labels of its nodes. Without it every node that belongs to the Cloud."),
  virtualization: z
    .enum(["Auto", "KVM", "QEMU"])
    .default("Auto")
    .describe("Auto: KVM where a node can, else emulation. KVM: hardware only. QEMU: emulation."),
  options: options
    .prefault({})
    .describe("Options of nova-compute on these nodes, by group; they win over the service's."),
  devices: z
    .array(
      z.object({
        name: dnsLabel(MAX_NAME).describe("Alias by which flavors ask for the device."),
        vendorID: z
          .string()
          .regex(/^[0-9a-f]{4}$/)
          .describe("PCI vendor, four hexadecimal digits."),
        productID: z
          .string()
          .regex(/^[0-9a-f]{4}$/)
          .describe("PCI product, four hexadecimal digits."),
      }),
    )
    .max(32)
    .default([])
    .meta(byName)
    .describe("PCI devices that guests may be given."),
  maxUnavailable: z
    .int()
    .min(1)
    .max(1000)
    .default(1)
    .describe("Nodes of the pool that may be out of service at once during a change."),
});

export const spec = z
  .object({
    release: z.string().min(1).max(16).describe("OpenStack release, for example 2025.1."),
    region: dnsRegion().default("RegionOne").describe("Name of the region; it never changes."),
    profile: z
      .enum(["Minimal", "Standard", "Large"])
      .default("Minimal")
      .describe(
        "Replicas, resources and workers where the Cloud says nothing: Minimal for one machine, Standard for three nodes and up, Large for many.",
      ),
    images: images.prefault({}).describe("Where the container images come from."),
    endpoints: endpoints.prefault({}).describe("The front door: one host, https, a path for each API."),
    database: backend("MariaDB or MySQL server", 3306).prefault({}).describe("The SQL database."),
    messaging: backend("RabbitMQ server", 5671).prefault({}).describe("The message bus."),
    placement: placement.prefault({}).describe("Where the control plane's pods run."),
    services: services.describe("The OpenStack services; each has the same shape."),
    network: network.prefault({}).describe("Networks of the cloud."),
    compute: z
      .object({
        pools: z.array(pool).max(32).default([]).meta(byName).describe("Groups of nodes that run guests alike."),
      })
      .prefault({})
      .describe("The nodes that run guests."),
    change: change.prefault({}).describe("How changes are made."),
    drift: drift.prefault({}).describe("What is done about changes that nobody planned."),
    deletionPolicy: z
      .enum(["Retain", "Delete"])
      .default("Retain")
      .describe("What happens to volumes and credentials when the Cloud is deleted."),
  })
  .describe("What the cloud should be.");

function dnsRegion(): z.ZodString {
  return z
    .string()
    .min(1)
    .max(32)
    .regex(/^[A-Za-z0-9]([-_.A-Za-z0-9]*[A-Za-z0-9])?$/, "must be letters, digits, '-', '_' or '.', like RegionOne");
}
