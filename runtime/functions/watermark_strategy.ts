/**
 * Event time: timestamps and watermarks.
 *
 * @module
 */

import type { DurationLike } from "../types/duration.ts";

/** Takes the timestamp (ms since the epoch) out of a record. */
export type TimestampAssigner<T> = (element: T, recordTimestamp: number) => number;

/** Where a generator emits. */
export interface WatermarkOutput {
  emitWatermark(timestamp: number): void;
  markIdle(): void;
  markActive(): void;
}

/** Makes watermarks from records. */
export interface WatermarkGenerator<T> {
  onEvent(event: T, eventTimestamp: number, output: WatermarkOutput): void;
  /** Called every `pipeline.auto-watermark-interval` (default 200 ms). */
  onPeriodicEmit(output: WatermarkOutput): void;
}

/** Watermark alignment: readers of a group that are too far ahead wait. */
export interface WatermarkAlignment {
  readonly group: string;
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
  readonly alignment?: WatermarkAlignment;
}
