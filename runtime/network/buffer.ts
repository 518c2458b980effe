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
  readonly bytes?: Uint8Array;
}

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
