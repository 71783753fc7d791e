// operator: the reconcilers, and everything else wired together by hand.
import { generateKeyPairSync, randomBytes, randomInt, randomUUID } from "node:crypto";
import type { CredentialKind } from "../workloads/contract.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/** 32 of 62 signs: 190 bits. Only letters and digits, so that no format (URL, SQL, INI) needs escapes. */
const PASSWORD_LENGTH = 32;

/** A new random value of this kind. */
export function generateCredential(kind: CredentialKind): string {
  switch (kind) {
    case "password":
      return Array.from({ length: PASSWORD_LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join("");
    case "fernet-key":
      // As `cryptography.fernet.Fernet.generate_key`: URL-safe base64 of 32 bytes, with padding.
      return randomBytes(32).toString("base64").replaceAll("+", "-").replaceAll("/", "_");
    case "uuid":
      return randomUUID();
    case "ssh-key":
      return generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" });
  }
}
