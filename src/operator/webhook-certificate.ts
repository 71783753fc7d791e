import { X509Certificate } from "node:crypto";
import type { CertificateRequest } from "../workloads/contract.ts";
import { certificateServes, type KeyPair, lasts } from "../desired/certificates.ts";
import type { SecretData } from "../desired/vault.ts";
import { authorityIssuer, createAuthority } from "./issuer.ts";

/** What the webhook is served by, and what the API server believes it by. */
export interface ServingCertificate extends KeyPair {
  /** Authorities in PEM, the one that signed first; an earlier one stays until it has ended. */
  readonly caBundle: string;
  readonly notAfter: Date;
}

export interface CertificatePlan {
  readonly serving: ServingCertificate;
  /** What the Secret is to hold; absent when it holds it already. */
  readonly secret?: SecretData;
}

/**
 * The certificate of the webhook: the one that the Secret has, or a new one when a third of its life is left, by an authority
 * of its own that is renewed likewise. Everything is in one Secret; whoever deletes it gets another.
 */
export async function planCertificate(
  kept: SecretData,
  request: CertificateRequest,
  now = Date.now(),
): Promise<CertificatePlan> {
  const authority = authorityOf(kept, now) ?? (await createAuthority("underpin webhook", now));
  const caBundle = bundle(authority.certificate, kept, now);
  const current = kept["tls.crt"];
  const key = kept["tls.key"];
  if (
    current !== undefined &&
    key !== undefined &&
    kept["ca.crt"] === caBundle &&
    certificateServes(current, request, authority.certificate, now)
  )
    return { serving: serving({ certificate: current, privateKey: key }, caBundle) };
  const made = await (await authorityIssuer(authority)).issue(request, now);
  const secret: SecretData = {
    "tls.crt": made.certificate,
    "tls.key": made.privateKey,
    "ca.crt": caBundle,
    "ca.key": authority.privateKey,
  };
  return { serving: serving(made, caBundle), secret };
}

/** What a Secret has to serve by; undefined when it is not complete. */
export function servingFrom(data: SecretData | undefined): ServingCertificate | undefined {
  const certificate = data?.["tls.crt"];
  const privateKey = data?.["tls.key"];
  const caBundle = data?.["ca.crt"];
  if (certificate === undefined || privateKey === undefined || caBundle === undefined) return undefined;
  return serving({ certificate, privateKey }, caBundle);
}

function serving(pair: KeyPair, caBundle: string): ServingCertificate {
  return { ...pair, caBundle, notAfter: new X509Certificate(pair.certificate).validToDate };
}

function authorityOf(kept: SecretData, now: number): KeyPair | undefined {
  const [certificate] = certificates(kept["ca.crt"]);
  const privateKey = kept["ca.key"];
  return certificate !== undefined && privateKey !== undefined && lasts(certificate, now)
    ? { certificate, privateKey }
    : undefined;
}

function bundle(current: string, kept: SecretData, now: number): string {
  const earlier = certificates(kept["ca.crt"]).filter(
    (pem) => pem.trim() !== current.trim() && new X509Certificate(pem).validToDate.getTime() > now,
  );
  // One is enough: a certificate of the one before that was renewed long ago.
  return [current, ...earlier.slice(0, 1)].map((pem) => `${pem.trim()}\n`).join("");
}

function certificates(pem: string | undefined): string[] {
  return pem?.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}
