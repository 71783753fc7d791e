import type { CatalogEntry } from "../kit/catalog.ts";

export const entry: CatalogEntry = { type: "network", path: "/network", user: true };
