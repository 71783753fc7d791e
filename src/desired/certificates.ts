import { createHash, X509Certificate } from "node:crypto";
import type { CertificateRequest } from "../workloads/contract.ts";

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
export function certificateServes(
  pem: string,
  request: CertificateRequest,
  caCertificate: string,
  now = Date.now(),
): boolean {
  try {
    const certificate = new X509Certificate(pem);
    return (
      request.dnsNames.every(
        (name) => certificate.checkHost(name, { subject: "never", wildcards: false }) !== undefined,
      ) &&
      request.ipAddresses.every((address) => certificate.checkIP(address) !== undefined) &&
      lasts(pem, now) &&
      certificate.verify(new X509Certificate(caCertificate).publicKey)
    );
  } catch {
    return false; // not a certificate at all: it serves nobody, and is issued anew
  }
}

/** True when the certificate has more than a third of its life left. Throws for what is no certificate. */
export function lasts(pem: string, now = Date.now()): boolean {
  const { validFromDate, validToDate } = new X509Certificate(pem);
  return validToDate.getTime() - now > (validToDate.getTime() - validFromDate.getTime()) / 3;
}

/** Short hash of a certificate, for a pod's annotation. */
export function certificateHash(pem: string): string {
  return createHash("sha256").update(pem).digest("hex").slice(0, 16);
}
