/**
 * Sorted rows on local disk, in blocks: the rows by the columnar codec, before them each key once with the number of its
 * rows. Where blocks lie is kept in memory; a run is read once, front to back, and its file goes with it.
 *
 * @module
 */

import type { Spill, SpillFile } from "../../seams/spill.ts";
import type { CanonicalKey } from "../../state/key_context.ts";
import { sameCanonical } from "../../state/key_context.ts";
import { BatchEncoder } from "../../types/batch_encoder.ts";
import { ByteReader, ByteWriter } from "../../types/byte_buffer.ts";
import { decodeBatch } from "../../types/columnar_codec.ts";
import { readValue, writeValue } from "../../types/generic_serializer.ts";
import type { Schema } from "../../types/schema.ts";
import type { SortedRows } from "./sorted_rows.ts";

/** Rows taken together into blocks, at most. */
const ROWS_PER_BLOCK = 512;

/** Encoder of all runs of one sort, and the schemas it has used: what it encodes only it decodes. */
export class RunCodec {
  readonly #encoder: BatchEncoder;
  readonly #schemas = new Map<string, Schema>();

  /** @param blockBytes Size of a block, unless one row is larger. */
  constructor(readonly blockBytes: number) {
    this.#encoder = new BatchEncoder(undefined, { limitBytes: blockBytes });
  }

  /** As many rows as one block takes, at least one. */
  encode(values: readonly unknown[], timestamps: ArrayLike<number>, from: number): { bytes: Uint8Array; rows: number } {
    const { bytes, rows, schema } = this.#encoder.encode(values, timestamps, from);
    this.#schemas.set(schema.hash, schema);
    return { bytes, rows };
  }

  decode(bytes: Uint8Array): { readonly values: unknown[]; readonly timestamps: Float64Array } {
    return decodeBatch((hash) => this.#schemas.get(hash)!, bytes);
  }
}

/** Writes one run. */
export class RunWriter {
  readonly #codec: RunCodec;
  readonly #file: SpillFile;
  readonly #head = new ByteWriter();
  #values: unknown[] = [];
  #keys: CanonicalKey[] = [];
  #timestamps = new Float64Array(ROWS_PER_BLOCK);
  #bytes = 0;
  readonly #positions: number[] = [];
  readonly #sizes: number[] = [];

  /** @throws JobExecutionError TSF-3040 when there is no place for the file. */
  constructor(spill: Spill, codec: RunCodec) {
    this.#codec = codec;
    this.#file = spill.open("sort");
  }

  /** Appends the current row. @throws JobExecutionError TSF-3040 when the disk is full. */
  add(rows: SortedRows): void {
    this.#timestamps[this.#values.length] = rows.timestamp;
    this.#keys.push(rows.key);
    this.#bytes += rows.rowBytes;
    if (this.#values.push(rows.value) === ROWS_PER_BLOCK || this.#bytes >= this.#codec.blockBytes) this.#flush();
  }

  /** What was written, to be read once. */
  finish(): SortedRun {
    this.#flush();
    return new SortedRun(this.#codec, this.#file, this.#positions, this.#sizes);
  }

  /** Drops what was written. */
  abandon(): void {
    this.#file.close();
  }

  #flush(): void {
    for (let from = 0; from < this.#values.length;) {
      const { bytes, rows } = this.#codec.encode(this.#values, this.#timestamps, from);
      const head = this.#head;
      head.clear();
      this.#writeKeys(from, from + rows);
      head.raw(bytes);
      this.#sizes.push(head.length);
      this.#positions.push(this.#file.append(head.view()));
      from += rows;
    }
    this.#values = [];
    this.#keys = [];
    this.#bytes = 0;
  }

  /** Number of groups, then each key with its rows. */
  #writeKeys(from: number, to: number): void {
    const keys = this.#keys;
    const starts = [from];
    for (let row = from + 1; row < to; row++) if (!sameCanonical(keys[row - 1], keys[row])) starts.push(row);
    this.#head.varint(starts.length);
    starts.forEach((start, i) => {
      writeValue(this.#head, keys[start]);
      this.#head.varint((starts[i + 1] ?? to) - start);
    });
  }
}

/** A run, read from its beginning to its end. */
export class SortedRun implements SortedRows {
  readonly #codec: RunCodec;
  readonly #file: SpillFile;
  readonly #positions: readonly number[];
  readonly #sizes: readonly number[];
  #nextBlock = 0;
  #values: unknown[] = [];
  #timestamps: Float64Array = new Float64Array(0);
  #keys: CanonicalKey[] = [];
  /** By key of the block, where its rows end. */
  #ends: number[] = [];
  #row = 0;
  #rank = 0;
  #isClosed = false;
  key: CanonicalKey = "";
  timestamp = 0;
  value: unknown;
  rowBytes = 0;

  constructor(codec: RunCodec, file: SpillFile, positions: readonly number[], sizes: readonly number[]) {
    this.#codec = codec;
    this.#file = file;
    this.#positions = positions;
    this.#sizes = sizes;
  }

  next(): boolean {
    if (this.#row === this.#values.length && !this.#load()) {
      this.close();
      return false;
    }
    const row = this.#row++;
    if (row === this.#ends[this.#rank]) this.#rank++;
    this.key = this.#keys[this.#rank];
    this.timestamp = this.#timestamps[row];
    this.value = this.#values[row];
    return true;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.value = undefined;
    this.#values = [];
    this.#row = 0;
    this.#nextBlock = this.#positions.length;
    this.#file.close();
  }

  #load(): boolean {
    if (this.#nextBlock === this.#positions.length) return false;
    const block = this.#nextBlock++;
    const bytes = this.#file.readAt(this.#positions[block], this.#sizes[block]);
    const input = new ByteReader(bytes);
    this.#keys = [];
    this.#ends = [];
    let end = 0;
    for (let left = input.varint(); left > 0; left--) {
      this.#keys.push(readValue(input) as CanonicalKey);
      this.#ends.push(end += input.varint());
    }
    const { values, timestamps } = this.#codec.decode(bytes.subarray(input.position));
    this.#values = values;
    this.#timestamps = timestamps;
    this.#row = this.#rank = 0;
    this.rowBytes = bytes.length / values.length;
    return true;
  }
}
