import type { CatalogEntry } from "../kit/catalog.ts";

export const entry: CatalogEntry = { type: "identity", path: "/identity/v3", user: false };
