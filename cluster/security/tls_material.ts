/**
 * Certificate, key and CA of a process, from the files that the configuration names.
 *
 * @module
 */

import { X509Certificate } from "node:crypto";
import { FlinkError } from "../../runtime/errors.ts";
import type { LocalFiles } from "../../runtime/seams/local_files.ts";

/** What TLS in both directions takes; PEM texts. */
export interface TlsMaterial {
  readonly certificate: string;
  readonly key: string;
  /** Whoever connects, or is connected to, has to show a certificate of it. */
  readonly certificateAuthority: string;
  /** The name that peers' certificates carry. Default: the host that is connected to. */
  readonly serverName?: string;
}

/** Paths of PEM files. */
export interface TlsFiles {
  readonly certificate: string;
  readonly key: string;
  readonly certificateAuthority: string;
}

/**
 * Reads the files and looks whether they are what they should be.
 *
 * @param nowMs To tell certificates that have expired.
 * @throws FlinkError TSF-5218 naming the file, TSF-30xx when one cannot be read.
 */
export async function loadTlsMaterial(files: LocalFiles, paths: TlsFiles, nowMs: number): Promise<TlsMaterial> {
  const read = async (path: string) => new TextDecoder().decode(await files.readAll(path));
  const [certificate, key, certificateAuthority] = await Promise.all([
    read(paths.certificate),
    read(paths.key),
    read(paths.certificateAuthority),
  ]);
  checkCertificate(certificate, paths.certificate, nowMs);
  checkCertificate(certificateAuthority, paths.certificateAuthority, nowMs);
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(key)) {
    throw unusable(paths.key, "a private key in PEM", "something else");
  }
  return { certificate, key, certificateAuthority };
}

function checkCertificate(pem: string, path: string, nowMs: number): void {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch (cause) {
    throw unusable(path, "a certificate in PEM", String((cause as Error).message ?? cause));
  }
  const [from, to] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  if (nowMs >= from && nowMs <= to) return;
  throw unusable(
    path,
    "a certificate that is valid now",
    `one valid from ${certificate.validFrom} to ${certificate.validTo}`,
  );
}

function unusable(path: string, expected: string, found: string): FlinkError {
  return new FlinkError("TSF-5218", `${path} cannot be used for TLS`, {
    expected,
    found,
    hint: "tsflink certs makes a CA and certificates for development.",
  });
}
