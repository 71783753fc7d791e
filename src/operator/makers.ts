import type { Makers } from "../desired/vault.ts";
import { generateCredential } from "./generate.ts";
import { authorityIssuer, createAuthority } from "./issuer.ts";

/** What makes real credentials and certificates. */
export const MAKERS: Makers = {
  credential: generateCredential,
  authority: (name) => createAuthority(name),
  issuer: authorityIssuer,
};
