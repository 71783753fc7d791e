import type { CatalogEntry } from "../kit/catalog.ts";

export const entry: CatalogEntry = { type: "compute", path: "/compute/v2.1", user: true };
