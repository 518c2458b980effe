/**
 * The data frame: a FlatBuffers buffer made by patching a fixed layout, so that a frame costs one copy of its payload.
 *
 * Layout (offsets in bytes): 0 root offset, 4 "TSFD", 8 vtable (16 bytes), 24 table (28 bytes), 52 length of the payload,
 * 56 payload. The fixed parts are what a FlatBuffers writer could have produced; frames laid out otherwise are read by
 * table_codec.ts.
 *
 * Caller: cluster/taskmanager's shuffle service.
 *
 * @module
 */

import { decodeTable, identifierOf, malformed } from "./table_codec.ts";
import { otherWireVersion, WIRE_VERSION } from "./wire_version.ts";

/** Marks data frames. */
export const DATA_IDENTIFIER = "TSFD";
/** Bytes before the payload. */
export const DATA_HEADER_BYTES = 56;

const LINK = 28;
const KIND = 32;
const CHANNEL = 36;
const ARGUMENT = 40;
const LENGTH = 52;

/** The header with all that is the same in every frame. */
// deno-fmt-ignore
const TEMPLATE: readonly number[] = [
  24, 0, 0, 0, 0x54, 0x53, 0x46, 0x44,
  // vtable: own size, size of the table, then link, kind, channel, argument, payload, version
  16, 0, 28, 0, 4, 0, 8, 0, 12, 0, 16, 0, 20, 0, 24, 0,
  // table: back to the vtable, link, kind, channel, argument, offset to the payload (at 44), version, padding
  16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, WIRE_VERSION & 0xff, WIRE_VERSION >> 8, 0, 0,
  0, 0, 0, 0,
];
const HEADER: Uint8Array<ArrayBuffer> = Uint8Array.from(TEMPLATE);
/** Compared as words: all but link, kind, channel, argument and length. */
const HEADER_WORDS = new DataView(HEADER.buffer);
const FIXED_WORDS: readonly number[] = [0, 4, 8, 12, 16, 20, 24, 44, 48];

/** What a data frame says. */
export interface DataFrameFields {
  readonly link: number;
  readonly kind: number;
  readonly channel: number;
  readonly argument: number;
  readonly payload: Uint8Array;
}

/** A frame for the given values; the payload is copied, and may lie in shared memory. */
export function encodeDataFrame(fields: DataFrameFields): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(DATA_HEADER_BYTES + fields.payload.length);
  writeDataFrame(frame, fields);
  return frame;
}

/** As {@link encodeDataFrame}, into memory of exactly that size (see Connection.reserve). */
export function writeDataFrame(into: Uint8Array, { link, kind, channel, argument, payload }: DataFrameFields): void {
  into.set(HEADER);
  const view = new DataView(into.buffer, into.byteOffset, into.byteLength);
  view.setUint32(LINK, link, true);
  view.setUint32(KIND, kind, true);
  view.setUint32(CHANNEL, channel, true);
  view.setInt32(ARGUMENT, argument, true);
  view.setUint32(LENGTH, payload.length, true);
  into.set(payload, DATA_HEADER_BYTES);
}

/**
 * What a data frame says; the payload is a view onto it.
 *
 * @throws FlinkError TSF-5200 when it is none, TSF-5202 when it is of another wire version.
 */
export function decodeDataFrame(
  frame: Uint8Array<ArrayBuffer>,
): DataFrameFields & { readonly payload: Uint8Array<ArrayBuffer> } {
  if (frame.length < DATA_HEADER_BYTES || identifierOf(frame) !== DATA_IDENTIFIER) return decodeOther(frame);
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  for (const at of FIXED_WORDS) {
    if (view.getInt32(at, true) !== HEADER_WORDS.getInt32(at, true)) return decodeOther(frame);
  }
  const length = view.getUint32(LENGTH, true);
  if (DATA_HEADER_BYTES + length > frame.length) throw malformed(`a payload of ${length} bytes`);
  return {
    link: view.getUint32(LINK, true),
    kind: view.getUint32(KIND, true),
    channel: view.getUint32(CHANNEL, true),
    argument: view.getInt32(ARGUMENT, true),
    payload: frame.subarray(DATA_HEADER_BYTES, DATA_HEADER_BYTES + length),
  };
}

const NO_BYTES = new Uint8Array(0);

/** Laid out otherwise by another writer, or no frame at all. */
function decodeOther(frame: Uint8Array<ArrayBuffer>): ReturnType<typeof decodeDataFrame> {
  const { link = 0, kind = 0, channel = 0, argument = 0, payload = NO_BYTES, version = 0 } = decodeTable(
    "DataFrame",
    frame,
    DATA_IDENTIFIER,
  );
  if (version !== WIRE_VERSION) throw otherWireVersion(version, "the peer");
  return { link, kind, channel, argument, payload };
}
