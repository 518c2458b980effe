/**
 * Writes the records of one operator to the channels of one edge: chooses the channel, collects a batch per channel,
 * hands full batches to the partition, and puts events in order behind the records.
 *
 * A batch ends at the row limit, at the byte limit, before an event, or at a flush. By reference a batch goes over as it
 * is; with the codec forced (or to another slot) it is encoded, its schema announced on the channel before first use.
 *
 * @module
 */

import { FlinkError, type OperatorReference } from "../errors.ts";
import { BatchEncoder } from "../types/batch_encoder.ts";
import { decodeBatch } from "../types/columnar_codec.ts";
import { assertTravels, copyValue, withOperator } from "../types/copy.ts";
import type { RecordShapes } from "../types/shapes/record_shapes.ts";
import type { Schema } from "../types/schema.ts";
import { type ChannelEvent, recordBatch } from "../types/stream_element.ts";
import { ColumnPool, type DataBuffer } from "./buffer.ts";
import { BROADCAST_CHANNEL, type ChannelSelector, firstChannel } from "./channel_selector.ts";
import type { BufferCodec, ResultPartition } from "./result_partition.ts";
import { estimateSize } from "./size_estimate.ts";

/** What a writer is made from. */
export interface RecordWriterOptions {
  readonly partition: ResultPartition;
  readonly selector: ChannelSelector;
  /** Whether the batches of a channel are encoded: those to other slots, or all when the codec is forced. */
  readonly isEncoded: (channel: number) => boolean;
  /** Rows of a batch at most. */
  readonly maxRows: number;
  /** Bytes of a batch at most, unless one record is larger. */
  readonly segmentBytes: number;
  /** Bytes of one encoded record at most. Default 64 MiB. */
  readonly maxRecordBytes?: number;
  /** -1: only full batches leave. 0: every record leaves at once. */
  readonly bufferTimeoutMs: number;
  /** Operator whose records are written, for errors. */
  readonly operator: OperatorReference;
  /** Knows the records that come by; default: each is looked at in full. */
  readonly shapes?: RecordShapes;
  /** Called when the partition has no room any more. */
  readonly onFull?: () => void;
}

/**
 * The open batch of one channel, the same object for all its batches. Generated code appends to it itself: at row
 * {@link lookAt} it calls {@link RecordWriter.look} before, at {@link rowLimit} it calls {@link RecordWriter.finish}
 * after.
 */
export class OpenBatch {
  rows = 0;
  rowLimit = 1;
  /** The row before which the writer looks at the batch: its first one, when its size is estimated, when it must grow. */
  lookAt = 0;
  /** The size of a row by the last estimate. */
  rowBytes = 1;
  values: unknown[] = [];
  timestamps: Float64Array = EMPTY;
  /** Columns that come back from the consumer. */
  readonly columns: ColumnPool = new ColumnPool();
  /** How many rows to make place for at once. */
  #expected = MIN_CAPACITY;

  /** Makes place for one more row at least. */
  grow(): void {
    if (this.rows === 0) {
      const capacity = Math.min(this.#expected, this.rowLimit);
      this.values = new Array(capacity);
      this.timestamps = this.columns.take(capacity);
      return;
    }
    const capacity = this.rows * 2;
    this.values.length = capacity;
    if (this.timestamps.length >= capacity) return;
    const timestamps = this.columns.take(capacity);
    timestamps.set(this.timestamps);
    this.timestamps = timestamps;
  }

  /** The rows so far, as columns that are not touched any more. */
  take(): { readonly values: unknown[]; readonly timestamps: Float64Array } {
    const { values, timestamps, rows } = this;
    if (values.length !== rows) values.length = rows;
    this.#expected = Math.max(rows, this.#expected - (this.#expected >> 3), MIN_CAPACITY);
    this.rows = this.lookAt = 0;
    this.values = [];
    this.timestamps = EMPTY;
    return { values, timestamps };
  }
}

const EMPTY = new Float64Array(0);
/** Rows after which the size of a record is estimated again. */
const ESTIMATE_EVERY = 64;
/** Rows an open batch has place for at least. */
const MIN_CAPACITY = 16;

/** The writer of one edge in one subtask. */
export class RecordWriter {
  readonly #open: OpenBatch[];
  readonly #schemas: WriterSchemas;
  readonly #selector: ChannelSelector;
  readonly #shapes: RecordShapes | undefined;
  /** Whether some batch is open; a flush is due within the buffer timeout. */
  isDirty = false;

  constructor(readonly options: RecordWriterOptions) {
    this.#schemas = new WriterSchemas(options.segmentBytes, options.maxRecordBytes);
    this.#open = options.partition.subpartitions.map(() => new OpenBatch());
    this.#selector = options.selector;
    this.#shapes = options.shapes;
  }

  emit(value: unknown, timestamp: number): void {
    this.verify(value);
    const channel = this.#selector === firstChannel ? 0 : this.#selector(value);
    if (channel !== BROADCAST_CHANNEL) {
      this.#append(channel, value, timestamp);
      return;
    }
    // Every further holder gets a copy of its own (rule 11).
    for (let i = this.#open.length - 1; i >= 0; i--) this.#append(i, i === 0 ? value : this.#copy(value), timestamp);
  }

  /** The batch of the only channel, and what knows its records; undefined where more than one is to choose from. */
  get inlined(): { readonly open: OpenBatch; readonly shapes: RecordShapes } | undefined {
    const shapes = this.#shapes;
    return this.#selector === firstChannel && shapes !== undefined ? { open: this.#open[0], shapes } : undefined;
  }

  /** @throws InvalidProgramError TSF-2101 for a value that cannot travel. */
  verify(value: unknown): void {
    if (this.#shapes !== undefined) this.#shapes.assertTravels(value, this.options.operator);
    else assertTravels(value, this.options.operator);
  }

  #copy(value: unknown): unknown {
    return this.#shapes === undefined ? copyValue(value) : this.#shapes.copy(value);
  }

  /** Puts an event behind everything written so far, on every channel. */
  broadcast(event: ChannelEvent): void {
    for (let i = 0; i < this.#open.length; i++) {
      this.finish(i);
      this.options.partition.subpartitions[i].add(event);
    }
    this.isDirty = false;
  }

  /** Hands over all open batches. */
  flush(): void {
    if (!this.isDirty) return;
    this.isDirty = false;
    for (let i = 0; i < this.#open.length; i++) this.finish(i);
  }

  #append(channel: number, value: unknown, timestamp: number): void {
    const open = this.#open[channel];
    const row = open.rows;
    if (row === open.lookAt) this.look(open, value);
    open.values[row] = value;
    open.timestamps[row] = timestamp;
    open.rows = row + 1;
    if (row + 1 >= open.rowLimit) this.finish(channel);
  }

  /** Before a row is appended where the batch asks for it: says how long it may become and makes place. */
  look(open: OpenBatch, value: unknown): void {
    const { rows } = open;
    this.isDirty = true;
    if (rows % ESTIMATE_EVERY === 0) {
      const { maxRows, segmentBytes, bufferTimeoutMs } = this.options;
      open.rowBytes = estimateSize(value);
      const bytesLimit = Math.max(1, Math.floor(segmentBytes / open.rowBytes));
      open.rowLimit = bufferTimeoutMs === 0 ? 1 : Math.min(maxRows, Math.max(bytesLimit, rows + 1));
    }
    if (rows === open.values.length) open.grow();
    open.lookAt = Math.min(open.values.length, rows - rows % ESTIMATE_EVERY + ESTIMATE_EVERY);
  }

  /** Hands over the batch of a channel. */
  finish(channel: number): void {
    const open = this.#open[channel];
    if (open.rows === 0) return;
    const { values, timestamps } = open.take();
    this.#handOver(channel, values, timestamps);
    if (this.options.isEncoded(channel)) open.columns.give(timestamps);
    if (!this.options.partition.hasRoom) this.options.onFull?.();
  }

  #handOver(channel: number, values: unknown[], timestamps: Float64Array): void {
    const subpartition = this.options.partition.subpartitions[channel];
    if (!this.options.isEncoded(channel)) {
      subpartition.add(referenceBuffer(values, timestamps, this.#open[channel]));
      return;
    }
    try {
      this.#schemas.encode(values, timestamps, (schema, buffer) => {
        if (this.#schemas.announce(channel, schema)) subpartition.add({ kind: "schema", schema });
        subpartition.add(buffer);
      });
    } catch (error) {
      // A flush runs outside all operators: the writer knows whose records these are.
      throw error instanceof FlinkError ? withOperator(error, this.options.operator) : error;
    }
  }
}

function referenceBuffer(
  values: unknown[],
  timestamps: Float64Array,
  { rowBytes, columns }: OpenBatch,
): DataBuffer {
  const rows = values.length;
  return { kind: "data", rows, sizeBytes: rowBytes * rows, batch: recordBatch(values, timestamps), columns };
}

/** Encodes the batches of one writer and keeps in mind which schema each channel has heard of. */
class WriterSchemas {
  readonly #encoder: BatchEncoder;
  /** Hash of the schema last announced, by channel. */
  readonly #announced: string[] = [];

  constructor(limitBytes: number, maxRecordBytes: number | undefined) {
    this.#encoder = new BatchEncoder(undefined, { limitBytes, maxRecordBytes });
  }

  encode(values: unknown[], timestamps: Float64Array, put: (schema: Schema, buffer: DataBuffer) => void): void {
    for (let from = 0; from < values.length;) {
      const { bytes, rows, schema } = this.#encoder.encode(values, timestamps, from);
      put(schema, { kind: "data", rows, sizeBytes: bytes.length, bytes });
      from += rows;
    }
  }

  /** True when the channel has not heard of this schema as its latest. */
  announce(channel: number, schema: Schema): boolean {
    if (this.#announced[channel] === schema.hash) return false;
    this.#announced[channel] = schema.hash;
    return true;
  }
}

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
