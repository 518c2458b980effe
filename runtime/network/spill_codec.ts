/**
 * Turns the batches that a partition has no memory for into bytes and back.
 *
 * Who calls: result_partition.ts, through its options.
 *
 * @module
 */

import { BatchEncoder } from "../types/batch_encoder.ts";
import { decodeBatch } from "../types/columnar_codec.ts";
import type { Schema } from "../types/schema.ts";
import type { DataBuffer } from "./buffer.ts";
import type { BufferCodec } from "./result_partition.ts";

/** Encodes buffers for spilling, as the parts that fit; what it encodes only it decodes. */
export class SpillBufferCodec implements BufferCodec {
  readonly #encoder = new BatchEncoder();
  readonly #schemas = new Map<string, Schema>();

  encode(buffer: DataBuffer): Uint8Array {
    if (buffer.bytes !== undefined) return joined(ENCODED, [buffer.bytes], buffer.rows);
    const { values, timestamps } = buffer.batch!;
    const parts: Uint8Array[] = [];
    for (let from = 0; from < values.length;) {
      const { bytes, rows, schema } = this.#encoder.encode(values, timestamps, from);
      this.#schemas.set(schema.hash, schema);
      parts.push(bytes);
      from += rows;
    }
    return joined(BY_REFERENCE, parts, buffer.rows);
  }

  decode(bytes: Uint8Array): DataBuffer {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const rows = view.getUint32(4, true);
    const parts: Uint8Array[] = [];
    for (let at = HEADER_BYTES; at < bytes.length;) {
      const length = view.getUint32(at, true);
      parts.push(bytes.subarray(at + 4, at + 4 + length));
      at += 4 + length;
    }
    if (view.getUint32(0, true) === ENCODED) return { kind: "data", rows, sizeBytes: parts[0].length, bytes: parts[0] };
    const batches = parts.map((part) => decodeBatch((hash) => this.#schemas.get(hash)!, part));
    const timestamps = new Float64Array(rows);
    let at = 0;
    for (const batch of batches) {
      timestamps.set(batch.timestamps.subarray(0, batch.values.length), at);
      at += batch.values.length;
    }
    const values = batches.length === 1 ? batches[0].values : batches.flatMap((batch) => batch.values);
    return { kind: "data", rows, sizeBytes: bytes.length, batch: { kind: "batch", values, timestamps } };
  }
}

const BY_REFERENCE = 0;
const ENCODED = 1;
const HEADER_BYTES = 8;

/** Tag, rows, then each part with its length. */
function joined(tag: number, parts: readonly Uint8Array[], rows: number): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + 4 + part.length, HEADER_BYTES));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, tag, true);
  view.setUint32(4, rows, true);
  let at = HEADER_BYTES;
  for (const part of parts) {
    view.setUint32(at, part.length, true);
    bytes.set(part, at + 4);
    at += 4 + part.length;
  }
  return bytes;
}
