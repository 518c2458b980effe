/**
 * Which directory of a file sink a record goes to.
 *
 * @module
 */

import { DateTimePattern } from "./date_time_pattern.ts";

/** What an assigner may ask. */
export interface BucketAssignerContext {
  /** The clock of the task, in ms since the epoch. */
  readonly currentProcessingTime: number;
  /** The watermark of the subtask, in ms; MIN_WATERMARK before the first. */
  readonly currentWatermark: number;
  /** Undefined when the record has none. */
  readonly timestamp: number | undefined;
}

/** Names the bucket of a record: a path below the base path, "" for the base path itself. */
export interface BucketAssigner<T> {
  /** Asked once per record. */
  getBucketId(value: T, context: BucketAssignerContext): string;
}

/** All records in the base path. */
export class BasePathBucketAssigner<T> implements BucketAssigner<T> {
  /** Always "". */
  getBucketId(): string {
    return "";
  }
}

/**
 * One bucket per hour, or whatever the pattern says, of processing time.
 *
 * @example
 * ```ts
 * import { DateTimeBucketAssigner } from "tsflink";
 *
 * const daily = new DateTimeBucketAssigner("yyyy-MM-dd", "UTC");
 * const context = { currentProcessingTime: 0, currentWatermark: 0, timestamp: undefined };
 * console.assert(daily.getBucketId("any", context) === "1970-01-01");
 * ```
 */
export class DateTimeBucketAssigner<T> implements BucketAssigner<T> {
  readonly #pattern: DateTimePattern;

  /**
   * Buckets by the time at which the record is written, not by its timestamp.
   *
   * @param pattern Letters as in Java's DateTimeFormatter: y M d D H h k K m s S a E; text in quotes. Default
   * "yyyy-MM-dd--HH".
   * @param timeZone An IANA name such as "Europe/Berlin"; default: that of the process.
   * @throws InvalidProgramError TSF-3016 for an unknown letter or zone.
   */
  constructor(readonly pattern: string = "yyyy-MM-dd--HH", readonly timeZone?: string) {
    this.#pattern = new DateTimePattern(pattern, timeZone);
  }

  /** The clock's time in the pattern. */
  getBucketId(_value: T, { currentProcessingTime }: BucketAssignerContext): string {
    return this.#pattern.format(currentProcessingTime);
  }
}
