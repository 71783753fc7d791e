// A small catalogue for tests of what reads one, by way of the file's own format.
import type { Catalogue, CatalogueOption } from "../../src/oslo/catalogue.ts";
import { catalogueText, parseCatalogue } from "../../src/releases/catalogue-format.ts";

type Given = Omit<CatalogueOption, "namespaces">;

/** Options as a release would have them. */
export const OPTIONS: readonly Given[] = [
  { group: "DEFAULT", name: "debug", type: { kind: "boolean" }, default: false, mutable: true, help: "Log more." },
  {
    group: "DEFAULT",
    name: "cpu_allocation_ratio",
    type: { kind: "float", min: 0 },
    help: "Ratio of virtual to physical processors.\n\nPossible values:\n\n* Any number,\n  also a fraction",
    readBy: ["compute", "scheduler"],
  },
  { group: "DEFAULT", name: "log_file", type: { kind: "string" }, olderNames: [{ group: "DEFAULT", name: "logfile" }] },
  { group: "DEFAULT", name: "transport_url", type: { kind: "string" }, secret: true },
  { group: "DEFAULT", name: "pci_filter", type: { kind: "string" }, multi: true, default: [] },
  { group: "scheduler", name: "workers", type: { kind: "integer", min: 0 } },
  { group: "conductor", name: "workers", type: { kind: "integer", min: 1, max: 64 }, default: 2 },
  {
    group: "libvirt",
    name: "virt_type",
    type: { kind: "string", choices: ["kvm", "qemu"] },
    default: "kvm",
    deprecated: { reason: "Nobody\n needs it.", since: "30.0.0" },
  },
  { group: "libvirt", name: "cpu_models", type: { kind: "list", item: { kind: "string" } }, default: [] },
  { group: "neutron", name: "password", type: { kind: "string" }, secret: true },
  { group: "glance.store.rbd.Store", name: "rbd_store_pool", type: { kind: "string" }, default: "images" },
];

export function catalogue(
  options: readonly Given[] = OPTIONS,
  release = "2025.1",
  service = "nova",
  dynamic: Catalogue["dynamic"] = [],
): Catalogue {
  const head = { release, service, image: "0", components: ["api", "compute", "scheduler"], dynamic };
  const named = options.map((option) => ({ ...option, namespaces: ["test"] }));
  return parseCatalogue(Buffer.from(catalogueText(head, named)));
}
