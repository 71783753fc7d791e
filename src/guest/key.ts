import { createPublicKey, generateKeyPairSync, randomBytes, type KeyObject } from "node:crypto";
import { open, mkdir, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";

export interface KeyPair {
  /** OpenSSH private key file. */
  readonly privateKey: string;
  /** One line for authorized_keys. */
  readonly publicKey: string;
}

const TYPE = "ssh-ed25519";

/**
 * The key in `file`, made there (mode 600, whole or not at all) when it is missing. A file that is there is never
 * replaced: the user may have put an own key there.
 */
export async function ensureKeyFile(file: string, comment: string): Promise<KeyPair> {
  const known = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (known !== undefined) return { privateKey: known, publicKey: publicKeyOf(known, comment) };
  const made = generateKeyPair(comment);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const handle = await open(`${file}.new`, "w", 0o600);
  try {
    await handle.chmod(0o600);
    await handle.writeFile(made.privateKey);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${file}.new`, file);
  return made;
}

/** A new ed25519 key. */
export function generateKeyPair(comment: string): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const point = pointOf(publicKey);
  const seed = Buffer.from(privateKey.export({ format: "jwk" }).d ?? "", "base64url");
  return { privateKey: openSshPrivateKey(seed, point, comment), publicKey: line(point, comment) };
}

/** Form of the file: https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.key */
function openSshPrivateKey(seed: Buffer, point: Buffer, comment: string): string {
  const check = randomBytes(4);
  const secret = Buffer.concat([
    check,
    check,
    text(TYPE),
    text(point),
    text(Buffer.concat([seed, point])),
    text(comment),
  ]);
  const padding = Buffer.from(Array.from({ length: (8 - (secret.length % 8)) % 8 }, (_, index) => index + 1));
  const body = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    text("none"),
    text("none"),
    text(""),
    Buffer.from([0, 0, 0, 1]),
    text(blob(point)),
    text(Buffer.concat([secret, padding])),
  ]);
  const lines = body.toString("base64").match(/.{1,70}/g) ?? [];
  return ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines, "-----END OPENSSH PRIVATE KEY-----", ""].join("\n");
}

/** The public half is written in clear in an OpenSSH file; other PEM files are read by OpenSSL. */
function publicKeyOf(file: string, comment: string): string {
  const match = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]+)-----END/.exec(file);
  if (match === null) return line(pointOf(createPublicKey(file)), comment);
  const body = Buffer.from(match[1] ?? "", "base64");
  let at = "openssh-key-v1\0".length;
  const next = (): Buffer => {
    const length = body.readUInt32BE(at);
    at += 4 + length;
    return body.subarray(at - length, at);
  };
  next();
  next();
  next();
  at += 4;
  const publicBlob = next();
  const type = publicBlob.subarray(4, 4 + publicBlob.readUInt32BE(0)).toString();
  return `${type} ${publicBlob.toString("base64")} ${comment}`;
}

function pointOf(key: KeyObject): Buffer {
  const { x, crv } = key.export({ format: "jwk" });
  if (crv !== "Ed25519" || x === undefined) throw new TypeError("the key is not an ed25519 key");
  return Buffer.from(x, "base64url");
}

function line(point: Buffer, comment: string): string {
  return `${TYPE} ${blob(point).toString("base64")} ${comment}`;
}

function blob(point: Buffer): Buffer {
  return Buffer.concat([text(TYPE), text(point)]);
}

/** A string of the SSH protocol: its length, then its bytes. */
function text(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
