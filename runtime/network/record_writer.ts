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
import { assertTravels, copyValue, withOperator } from "../types/copy.ts";
import type { RecordShapes } from "../types/shapes/record_shapes.ts";
import type { Schema } from "../types/schema.ts";
import { type ChannelEvent, recordBatch } from "../types/stream_element.ts";
import { ColumnPool, type DataBuffer } from "./buffer.ts";
import { allChannels, BROADCAST_CHANNEL, type ChannelSelector, firstChannel } from "./channel_selector.ts";
import type { ResultPartition } from "./result_partition.ts";
import { estimateSize, sizeEstimator } from "./size_estimate.ts";

/** What a writer is made from. */
export interface RecordWriterOptions {
  readonly partition: ResultPartition;
  readonly selector: ChannelSelector;
  /** Whether the batches of a channel are encoded: those to other slots, or all when the codec is forced. */
  readonly isEncoded: (channel: number) => boolean;
  /** Rows of a batch at most. */
  readonly maxRows: number;
  /** Bytes of an encoded batch at most, unless one record is larger. */
  readonly segmentBytes: number;
  /** The same for a batch that is handed over by reference. Default: {@link segmentBytes}. */
  readonly referenceBytes?: number;
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
  /** The row whose size is estimated next. */
  estimateAt = 0;
  /** The size of a row by the last estimate. */
  rowBytes = 1;
  values: unknown[] = [];
  timestamps: Float64Array = EMPTY;
  /** Columns that come back from the consumer. */
  readonly columns: ColumnPool = new ColumnPool();
  /** How many rows to make place for at once. */
  #expected = MIN_CAPACITY;

  /** @param maxBytes Bytes at most, unless one record is larger. */
  constructor(readonly maxBytes: number = 0) {}

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
    this.rows = this.lookAt = this.estimateAt = 0;
    this.values = [];
    this.timestamps = EMPTY;
    return { values, timestamps };
  }
}

const EMPTY = new Float64Array(0);
/** Rows after which the size of a record is estimated again; then after as many as there are already. */
const FIRST_ESTIMATE = 64;
/** Rows after which it is done at the latest. */
const LAST_ESTIMATES = 256;
/** Rows an open batch has place for at least. */
const MIN_CAPACITY = 16;

/** The parts of a writer that generated code uses in place of {@link RecordWriter.emit}. */
export interface InlinedWriter {
  /** By channel. */
  readonly open: readonly OpenBatch[];
  /** Knows the records that come by. */
  readonly shapes: RecordShapes;
  /** Undefined where all records go to the first channel. */
  readonly selector: ChannelSelector | undefined;
}

/** The writer of one edge in one subtask. */
export class RecordWriter {
  readonly #open: OpenBatch[];
  readonly #schemas: WriterSchemas;
  readonly #selector: ChannelSelector;
  readonly #shapes: RecordShapes | undefined;
  readonly #sizeOf: (value: unknown) => number;
  /** Whether some batch is open; a flush is due within the buffer timeout. */
  isDirty = false;

  constructor(readonly options: RecordWriterOptions) {
    this.#schemas = new WriterSchemas(options.segmentBytes, options.maxRecordBytes);
    const { partition, isEncoded, segmentBytes, referenceBytes = segmentBytes, selector, shapes } = options;
    this.#open = partition.subpartitions.map((_, i) => new OpenBatch(isEncoded(i) ? segmentBytes : referenceBytes));
    this.#selector = selector;
    this.#shapes = shapes;
    this.#sizeOf = shapes === undefined ? estimateSize : sizeEstimator(shapes.name);
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

  /** What generated code appends with; undefined where {@link emit} has to be called. */
  get inlined(): InlinedWriter | undefined {
    const [open, shapes, selector] = [this.#open, this.#shapes, this.#selector];
    if (shapes === undefined || selector === allChannels) return undefined;
    return { open, shapes, selector: selector === firstChannel ? undefined : selector };
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
    if (rows === open.estimateAt) {
      // Looking at a record for the first time costs as much as handling many: less and less often.
      open.estimateAt = rows + Math.min(Math.max(rows, FIRST_ESTIMATE), LAST_ESTIMATES);
      const { maxRows, bufferTimeoutMs } = this.options;
      open.rowBytes = this.#sizeOf(value);
      const bytesLimit = Math.max(1, Math.floor(open.maxBytes / open.rowBytes));
      open.rowLimit = bufferTimeoutMs === 0 ? 1 : Math.min(maxRows, Math.max(bytesLimit, rows + 1));
    }
    if (rows === open.values.length) open.grow();
    open.lookAt = Math.min(open.values.length, open.estimateAt);
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
