/**
 * A certificate authority for development and small clusters, and one certificate of it that all processes of a cluster
 * share: what `tsflink certs` writes. Its key signs this once and is not kept.
 *
 * @module
 */

// Before x509, which decorates its classes.
import "reflect-metadata";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 365;
/** In certificates of servers and of clients: every process is both. */
const PURPOSES = ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"];

/** What the certificate is for. */
export interface DevelopmentCaOptions {
  /** Names and addresses of all machines of the cluster. */
  readonly hosts: readonly string[];
  readonly nowMs: number;
  /** Default 365. */
  readonly validDays?: number;
}

/** PEM texts. */
export interface DevelopmentCertificates {
  readonly certificateAuthority: string;
  readonly certificate: string;
  readonly key: string;
}

/** Makes a CA and a certificate of it. */
export async function makeDevelopmentCa(options: DevelopmentCaOptions): Promise<DevelopmentCertificates> {
  const { hosts, nowMs, validDays = DEFAULT_DAYS } = options;
  // A day ahead: clocks of machines differ.
  const validity = { notBefore: new Date(nowMs - DAY_MS), notAfter: new Date(nowMs + validDays * DAY_MS) };
  const [caKeys, keys] = await Promise.all([newKeys(), newKeys()]);
  const authority = await X509CertificateGenerator.createSelfSigned({
    ...validity,
    serialNumber: serial(),
    name: "CN=tsflink development CA",
    keys: caKeys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });
  const certificate = await X509CertificateGenerator.create({
    ...validity,
    serialNumber: serial(),
    subject: "CN=tsflink",
    issuer: authority.subject,
    publicKey: keys.publicKey,
    signingKey: caKeys.privateKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension(PURPOSES),
      new SubjectAlternativeNameExtension(
        hosts.map((value) => ({ type: isIp(value) ? "ip" as const : "dns" as const, value })),
      ),
    ],
  });
  const key = PemConverter.encode(await crypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY");
  return { certificateAuthority: pem(authority), certificate: pem(certificate), key: `${key}\n` };
}

function newKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]) as Promise<CryptoKeyPair>;
}

/** 16 random bytes, the first neither zero nor negative. */
function serial(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = (bytes[0] & 0x7f) | 0x40;
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function isIp(host: string): boolean {
  return /^[\d.]+$/.test(host) || host.includes(":");
}

function pem(certificate: X509Certificate): string {
  return `${certificate.toString("pem")}\n`;
}
