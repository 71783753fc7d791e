import type { CatalogEntry } from "../kit/catalog.ts";

export const entry: CatalogEntry = { type: "placement", path: "/placement", user: true };
