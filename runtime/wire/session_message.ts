/**
 * A session frame <-> its fields: handshake, refusal and goodbye of every connection.
 *
 * Caller: cluster/transport/handshake_transport.ts.
 *
 * @module
 */

import type { UnionValue } from "./gen/tables.ts";
import { decodeTable, encodeTable, malformed } from "./table_codec.ts";
import { WIRE_VERSION } from "./wire_version.ts";

/** Marks session frames. */
export const SESSION_IDENTIFIER = "TSFS";

/** What a session frame says. */
export type SessionBody = UnionValue<"SessionBody">;

/** The frame of a session message. */
export function encodeSession(body: SessionBody, version: number = WIRE_VERSION): Uint8Array {
  return encodeTable("Session", { version, body }, SESSION_IDENTIFIER);
}

/** The message of a frame, whatever its version is. @throws FlinkError TSF-5200 when it is none. */
export function decodeSession(
  frame: Uint8Array<ArrayBuffer>,
): { readonly version: number; readonly body: SessionBody } {
  const { version = 0, body } = decodeTable("Session", frame, SESSION_IDENTIFIER);
  if (body === undefined) throw malformed("a session message without a body");
  return { version, body };
}
