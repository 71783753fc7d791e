import type { CatalogEntry } from "../kit/catalog.ts";

export const entry: CatalogEntry = { type: "image", path: "/image", user: true };
