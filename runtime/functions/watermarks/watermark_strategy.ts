/**
 * Event time: timestamps and watermarks.
 *
 * @module
 */

import type { DurationLike } from "../../types/duration.ts";

/** Takes the timestamp (ms since the epoch) out of a record. */
export type TimestampAssigner<T> = (element: T, recordTimestamp: number) => number;

/** Where a generator emits. */
export interface WatermarkOutput {
  /** Promises that no record older than `timestamp` (ms) is to be expected; one that is lower than the last is ignored. */
  emitWatermark(timestamp: number): void;
  /** Nothing is to be expected for a while; others are not held back. */
  markIdle(): void;
  /** Records are to be expected again; a watermark does the same. */
  markActive(): void;
}

/** Makes watermarks from records. */
export interface WatermarkGenerator<T> {
  /** Called for each record. */
  onEvent(event: T, eventTimestamp: number, output: WatermarkOutput): void;
  /** Called every `pipeline.auto-watermark-interval` (default 200 ms). */
  onPeriodicEmit(output: WatermarkOutput): void;
}

/** Watermark alignment: readers of a group that are too far ahead wait. */
export interface WatermarkAlignment {
  /** Sources of one group wait for each other. */
  readonly group: string;
  /** How far a source may be ahead of the slowest. */
  readonly maxDrift: DurationLike;
  /** Default 1 s. */
  readonly updateInterval?: DurationLike;
}

/** The plain-object form of a strategy. */
export interface WatermarkStrategyOptions<T> {
  /** Takes the timestamp out of a record; default: the timestamp it has. */
  readonly timestamp?: (element: T) => number;
  /** How late records may come; 0 means monotonous. Default 0. */
  readonly outOfOrderness?: DurationLike;
  /** Mark the stream (or split) idle after this long without a record. Default: never. */
  readonly idleness?: DurationLike;
  /** Lets sources wait for each other; only with fromSource. */
  readonly alignment?: WatermarkAlignment;
}
