/**
 * `tsflink certs`: a CA for development, a certificate that all processes of a cluster share, and the lines of the
 * configuration that use them.
 *
 * @module
 */

import { FlinkError } from "../../runtime/errors.ts";
import { makeDevelopmentCa } from "../security/development_ca.ts";

/** Options of the command line. */
export interface CertsCommandOptions {
  /** Made when it is not there. */
  readonly directory: string;
  /** Names and addresses of the machines, beside this one. */
  readonly hosts: readonly string[];
  readonly validDays: number;
  /** Whether what is there already is replaced. */
  readonly force?: boolean;
}

const NAMES = { certificateAuthority: "ca.pem", certificate: "certificate.pem", key: "key.pem" } as const;

/**
 * Writes the files.
 *
 * @returns What to print.
 * @throws FlinkError TSF-5217 when one of the files is there already, or cannot be written.
 */
export async function certsCommand({ directory, hosts, validDays, force }: CertsCommandOptions): Promise<string> {
  const all = [...new Set(["localhost", "127.0.0.1", "::1", Deno.hostname(), ...hosts])];
  const made = await makeDevelopmentCa({ hosts: all, nowMs: Date.now(), validDays });
  const files = (Object.keys(NAMES) as (keyof typeof NAMES)[]).map((part) => ({
    path: `${directory}/${NAMES[part]}`,
    text: made[part],
    // The key is for its owner only.
    mode: part === "key" ? 0o600 : 0o644,
  }));
  try {
    await Deno.mkdir(directory, { recursive: true });
    if (force) { for (const { path } of files) await Deno.remove(path).catch(() => {}); }
    for (const { path, text, mode } of files) await Deno.writeTextFile(path, text, { createNew: true, mode });
  } catch (cause) {
    throw new FlinkError("TSF-5217", `Certificates cannot be written to ${directory}`, {
      expected: "a directory without ca.pem, certificate.pem and key.pem that can be written to",
      found: cause instanceof Error ? cause.message : String(cause),
      hint: "--force replaces what is there: all processes need the new files then.",
      cause,
    });
  }
  const path = await Deno.realPath(directory);
  return [
    `# For ${all.join(", ")}; valid for ${validDays} days. Copy the directory to every machine; keep key.pem secret.`,
    "security.ssl.internal.enabled: true",
    `security.ssl.internal.ca: ${path}/${NAMES.certificateAuthority}`,
    `security.ssl.internal.certificate: ${path}/${NAMES.certificate}`,
    `security.ssl.internal.key: ${path}/${NAMES.key}`,
  ].join("\n");
}
