/** Releases that this version can run. */
export const KNOWN_RELEASES = ["2025.1"] as const;
