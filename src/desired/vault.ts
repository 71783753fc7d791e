import { VAULT_SECRET } from "../api/names.ts";
import type { CertificateRequest, CredentialKind, CredentialRequest } from "../workloads/contract.ts";
import { type Issuer, type KeyPair, certificateHash, certificateServes } from "./certificates.ts";

/** Name under which the authority's key pair is kept in the vault, and of its Secret. */
export const AUTHORITY = "underpin-authority";

export type SecretData = Readonly<Record<string, string>>;

/** The Secrets of one namespace, as plain text values. */
export interface SecretPort {
  read(name: string): Promise<SecretData | undefined>;
  write(name: string, data: SecretData, type: string): Promise<void>;
}

/** What makes values that there are none of yet: the operator real ones, a plan placeholders. */
export interface Makers {
  credential(kind: CredentialKind, name: string): string;
  authority(name: string): Promise<KeyPair>;
  issuer(authority: KeyPair): Promise<Issuer>;
}

/** Where credentials are kept, and what makes those that there are none of. */
export interface Keeping {
  readonly secrets: SecretPort;
  readonly makers: Makers;
}

export interface Credentials {
  readonly values: Readonly<Record<string, SecretData>>;
  /** Credentials that had a value once and of which no copy is left. They are not made anew silently. */
  readonly lost: readonly string[];
}

/**
 * Gives every requested credential a value: a Secret that exists wins, then the vault's copy, and only what never
 * had a value is generated. The vault is written before the Secret, so that a stop between the two loses nothing.
 */
export async function ensureCredentials(
  requests: readonly CredentialRequest[],
  known: readonly string[],
  { secrets: port, makers }: Keeping,
): Promise<Credentials> {
  const vault = { ...(await port.read(VAULT_SECRET)) };
  const secrets = await Promise.all(requests.map(async ({ name }) => (await port.read(name)) ?? {}));
  const values: Record<string, SecretData> = {};
  const lost: string[] = [];
  let vaultChanged = false;
  for (const [index, request] of requests.entries()) {
    const data: Record<string, string> = {};
    for (const [key, kind] of Object.entries(request.keys)) {
      const kept = secrets[index]?.[key] ?? vault[`${request.name}.${key}`];
      if (kept === undefined && known.includes(request.name)) lost.push(`${request.name}.${key}`);
      const value =
        kept ?? (known.includes(request.name) ? undefined : makers.credential(kind, `${request.name}.${key}`));
      if (value === undefined) continue;
      data[key] = value;
      vaultChanged ||= vault[`${request.name}.${key}`] !== value;
      vault[`${request.name}.${key}`] = value;
    }
    values[request.name] = data;
  }
  if (vaultChanged) await port.write(VAULT_SECRET, vault, "Opaque");
  await Promise.all(
    requests.map(async ({ name, keys }, index) => {
      const wanted = values[name] ?? {};
      const complete = Object.keys(keys).every((key) => secrets[index]?.[key] !== undefined);
      if (!complete && Object.keys(wanted).length > 0) await port.write(name, wanted, "Opaque");
    }),
  );
  return { values, lost };
}

export interface Certificates {
  readonly caCertificate: string;
  readonly hashes: Readonly<Record<string, string>>;
}

/** Makes sure that the authority and every requested certificate exist, are of this authority, and last. */
export async function ensureCertificates(
  requests: readonly CertificateRequest[],
  authorityName: string,
  keeping: Keeping,
): Promise<Certificates> {
  const { secrets: port } = keeping;
  const issuer = await ensureAuthority(authorityName, keeping);
  const hashes: Record<string, string> = {};
  await Promise.all(
    requests.map(async (request) => {
      hashes[request.name] = certificateHash(await ensureCertificate(request, issuer, port));
    }),
  );
  return { caCertificate: issuer.caCertificate, hashes };
}

async function ensureAuthority(name: string, { secrets: port, makers }: Keeping): Promise<Issuer> {
  const vault = (await port.read(VAULT_SECRET)) ?? {};
  const secret = await port.read(AUTHORITY);
  const certificate = secret?.["tls.crt"] ?? vault[`${AUTHORITY}.tls.crt`];
  const privateKey = secret?.["tls.key"] ?? vault[`${AUTHORITY}.tls.key`];
  if (certificate !== undefined && privateKey !== undefined) {
    if (secret?.["tls.crt"] === undefined)
      await port.write(AUTHORITY, { "tls.crt": certificate, "tls.key": privateKey }, "kubernetes.io/tls");
    return makers.issuer({ certificate, privateKey });
  }
  const made = await makers.authority(name);
  const data = { "tls.crt": made.certificate, "tls.key": made.privateKey };
  await port.write(
    VAULT_SECRET,
    { ...vault, [`${AUTHORITY}.tls.crt`]: made.certificate, [`${AUTHORITY}.tls.key`]: made.privateKey },
    "Opaque",
  );
  await port.write(AUTHORITY, data, "kubernetes.io/tls");
  return makers.issuer(made);
}

async function ensureCertificate(request: CertificateRequest, issuer: Issuer, port: SecretPort): Promise<string> {
  const now = await port.read(request.name);
  const current = now?.["tls.crt"];
  const complete = now?.["tls.key"] !== undefined && now["ca.crt"] === issuer.caCertificate;
  if (current !== undefined && complete && certificateServes(current, request, issuer.caCertificate)) return current;
  const made = await issuer.issue(request);
  await port.write(
    request.name,
    { "tls.crt": made.certificate, "tls.key": made.privateKey, "ca.crt": issuer.caCertificate },
    "kubernetes.io/tls",
  );
  return made.certificate;
}
