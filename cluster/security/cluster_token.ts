/**
 * The shared secret of a cluster (security.cluster.token): every process that knows it may connect.
 *
 * @module
 */

import { createHash, timingSafeEqual } from "node:crypto";
import { FlinkError } from "../../runtime/errors.ts";
import type { LocalFiles } from "../../runtime/seams/local_files.ts";

/** Shorter ones can be guessed. */
const MIN_TOKEN_CHARACTERS = 16;
const MAX_TOKEN_BYTES = 4096;

/**
 * The token in a file: its first line, without blanks around it.
 *
 * @throws FlinkError TSF-5218 when it is too short or not one word; TSF-30xx when the file cannot be read.
 */
export async function readClusterToken(files: LocalFiles, path: string): Promise<string> {
  const bytes = await files.readAll(path);
  const [line = ""] = new TextDecoder().decode(bytes.subarray(0, MAX_TOKEN_BYTES + 1)).split("\n");
  return checkToken(line.trim(), path);
}

/** @throws FlinkError TSF-5218 when the token is too short or cannot stand in a header. */
export function checkToken(token: string, where: string): string {
  const isOfUse = token.length >= MIN_TOKEN_CHARACTERS && token.length <= MAX_TOKEN_BYTES;
  if (isOfUse && /^[\x21-\x7e]+$/.test(token)) return token;
  throw new FlinkError("TSF-5218", `The cluster token in ${where} cannot be used`, {
    expected: `one line of ${MIN_TOKEN_CHARACTERS} to ${MAX_TOKEN_BYTES} printable characters without blanks`,
    // Never the token itself.
    found: `${token.length} characters`,
    hint: "Make one with: head -c 32 /dev/urandom | base64",
  });
}

/** The header of a request that shows the token. */
export function bearer(token: string): string {
  return `Bearer ${token}`;
}

/** Whether a header shows the token; takes as long for a near miss as for a far one. */
export function isBearerOf(header: string | undefined, token: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(header ?? ""), digest(bearer(token)));
}
