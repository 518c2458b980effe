/** Certificates of the tests, made once per process. */

import { makeDevelopmentCa } from "../../security/development_ca.ts";
import type { TlsMaterial } from "../../security/tls_material.ts";

export interface TestTls {
  readonly peer: TlsMaterial;
  /** Of another CA. */
  readonly stranger: TlsMaterial;
}

let made: Promise<TestTls> | undefined;

/** A CA with one certificate for 127.0.0.1, and one of a stranger. */
export function testTls(): Promise<TestTls> {
  return made ??= Promise.all([material(), material()]).then(([peer, stranger]) => ({ peer, stranger }));
}

async function material(): Promise<TlsMaterial> {
  const ca = await makeDevelopmentCa({ hosts: ["127.0.0.1", "localhost"], nowMs: Date.now() });
  return { certificate: ca.certificate, key: ca.key, certificateAuthority: ca.certificateAuthority };
}
