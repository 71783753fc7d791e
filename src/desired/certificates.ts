import "reflect-metadata";
import { createHash, webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";
import type { CertificateRequest } from "../workloads/contract.ts";

x509.cryptoProvider.set(webcrypto);

/** PEM texts of a certificate and its private key (PKCS#8). */
export interface KeyPair {
  readonly certificate: string;
  readonly privateKey: string;
}

/** The one interface to whatever signs: our own authority here, later others. */
export interface Issuer {
  readonly caCertificate: string;
  issue(request: CertificateRequest, now?: number): Promise<KeyPair>;
}

/** True when the certificate is of this authority, for this request, and has more than a third of its life left. */
export async function certificateServes(
  pem: string,
  request: CertificateRequest,
  caCertificate: string,
  now = Date.now(),
): Promise<boolean> {
  try {
    const certificate = new x509.X509Certificate(pem);
    const names = certificate.getExtension(x509.SubjectAlternativeNameExtension)?.names.toJSON() ?? [];
    const has = (type: string, value: string): boolean =>
      names.some((name) => name.type === type && name.value === value);
    return (
      request.dnsNames.every((name) => has("dns", name)) &&
      request.ipAddresses.every((address) => has("ip", address)) &&
      lasts(pem, now) &&
      (await certificate.verify({ publicKey: new x509.X509Certificate(caCertificate), signatureOnly: true }))
    );
  } catch {
    return false; // not a certificate at all: it serves nobody, and is issued anew
  }
}

/** True when the certificate has more than a third of its life left. Throws for what is no certificate. */
export function lasts(pem: string, now = Date.now()): boolean {
  const { notBefore, notAfter } = new x509.X509Certificate(pem);
  return notAfter.getTime() - now > (notAfter.getTime() - notBefore.getTime()) / 3;
}

/** Short hash of a certificate, for a pod's annotation. */
export function certificateHash(pem: string): string {
  return createHash("sha256").update(pem).digest("hex").slice(0, 16);
}
