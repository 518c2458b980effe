/**
 * A control frame <-> its fields. What the body of each method means is cluster/rpc/control_codec.ts.
 *
 * @module
 */

import { MessageKind } from "./gen/control.ts";
import type { UnionValue } from "./gen/tables.ts";
import { decodeTable, encodeTable, malformed } from "./table_codec.ts";
import { otherWireVersion, WIRE_VERSION } from "./wire_version.ts";

export { MessageKind };

/** Marks control frames. */
export const CONTROL_IDENTIFIER = "TSFC";

/** One control frame. */
export interface ControlMessage {
  readonly kind: MessageKind;
  /** Of a call and its answer; 0 elsewhere. */
  readonly correlation: number;
  readonly endpoint: string;
  readonly fencingToken: string;
  readonly body: UnionValue<"Body">;
}

/** The frame of a message. */
export function encodeControl(message: ControlMessage): Uint8Array {
  return encodeTable("Control", { version: WIRE_VERSION, ...message }, CONTROL_IDENTIFIER);
}

/** The message of a frame. @throws FlinkError TSF-5200 when it is none, TSF-5202 when it is of another wire version. */
export function decodeControl(frame: Uint8Array<ArrayBuffer>): ControlMessage {
  const { version = 0, kind = 0, correlation = 0, endpoint = "", fencingToken = "", body } = decodeTable(
    "Control",
    frame,
    CONTROL_IDENTIFIER,
  );
  if (version !== WIRE_VERSION) throw otherWireVersion(version, "the peer");
  if (kind < MessageKind.CALL || kind > MessageKind.TELL) throw malformed(`a message of kind ${kind}`);
  if (body === undefined) throw malformed("a message without a body");
  return { kind, correlation, endpoint, fencingToken, body };
}
