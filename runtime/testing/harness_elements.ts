/**
 * What goes into a harness and comes out: records, watermarks and statuses, as plain objects that compare with deepEqual.
 *
 * @module
 */

import { type LatencyMarker, NO_TIMESTAMP, type WatermarkStatus } from "../types/stream_element.ts";

/** A record; without `timestamp` when it has none. */
export interface StreamRecord<T = unknown> {
  /** Tells it from the other elements. */
  readonly kind: "record";
  /** What was emitted. */
  readonly value: T;
  /** Milliseconds since the epoch. */
  readonly timestamp?: number;
}
/** A watermark. */
export interface Watermark {
  /** Tells it from the other elements. */
  readonly kind: "watermark";
  /** Milliseconds since the epoch; MAX_WATERMARK at the end of the input. */
  readonly timestamp: number;
}
/** A status. */
export interface StatusElement {
  /** Tells it from the other elements. */
  readonly kind: "status";
  /** Whether the sender takes part in the watermark. */
  readonly status: WatermarkStatus;
}
/** Everything a harness gives out, in order. */
export type HarnessElement<T = unknown> = StreamRecord<T> | Watermark | StatusElement | LatencyMarker;

/**
 * A record as a harness gives it out.
 *
 * @example
 * ```ts
 * import { streamRecord } from "tsflink/testing";
 *
 * console.assert(streamRecord("a", 5).timestamp === 5);
 * console.assert(!("timestamp" in streamRecord("a")));
 * ```
 */
export function streamRecord<T>(value: T, timestamp?: number): StreamRecord<T> {
  return timestamp === undefined || timestamp === NO_TIMESTAMP
    ? { kind: "record", value }
    : { kind: "record", value, timestamp };
}

/** A watermark as a harness gives it out. */
export function watermark(timestamp: number): Watermark {
  return { kind: "watermark", timestamp };
}

/** A status as a harness gives it out. */
export function watermarkStatus(status: WatermarkStatus): StatusElement {
  return { kind: "status", status };
}
