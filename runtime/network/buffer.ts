/**
 * What crosses a channel: buffers of records, in order with events. A buffer whose two ends live in the same slot holds
 * its batch by reference; otherwise it holds encoded bytes that decode alone (rule 10).
 *
 * @module
 */

import type { Schema } from "../types/schema.ts";
import type { ChannelEvent, RecordBatch } from "../types/stream_element.ts";

/** Records of one channel. Exactly one of `batch` and `bytes` is set. */
export interface DataBuffer {
  readonly kind: "data";
  readonly rows: number;
  /** Encoded size, or an estimate while held by reference. */
  readonly sizeBytes: number;
  readonly batch?: RecordBatch;
  /** Where whoever has taken all records of the batch puts its column of timestamps, for the sender to fill again. */
  readonly columns?: ColumnPool;
  readonly bytes?: Uint8Array;
}

/** Columns that are free to be filled again. Making one costs as much as a hundred rows of a batch. */
export class ColumnPool {
  readonly #free: Float64Array[] = [];

  /** A column of that length at least, its content whatever it was. */
  take(length: number): Float64Array {
    const column = this.#free.pop();
    return column !== undefined && column.length >= length ? column : new Float64Array(length);
  }
  give(column: Float64Array): void {
    if (this.#free.length < POOLED_COLUMNS) this.#free.push(column);
  }
}

/** More than a channel has buffers on their way. */
const POOLED_COLUMNS = 32;

/** Announces a schema before its first use on a channel. */
export interface SchemaEvent {
  readonly kind: "schema";
  readonly schema: Schema;
}

/** Everything a channel carries; events need no credit. */
export type ChannelItem = DataBuffer | SchemaEvent | ChannelEvent;

/** The receiving end of a subpartition: a local input channel, or what forwards to a remote one. */
export interface SubpartitionReceiver {
  /** Takes the next item. `backlog` counts the data buffers that still wait for credit. */
  onItem(item: ChannelItem, backlog: number): void;
}

/** The sending end of an input channel: where credit goes back to. */
export interface CreditReceiver {
  addCredit(credit: number): void;
}
