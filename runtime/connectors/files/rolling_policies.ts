/**
 * When a file sink ends a part file and begins the next.
 *
 * @module
 */

import { type DurationLike, toMillis } from "../../types/duration.ts";
import { checkOption } from "../invalid_option.ts";

/** What a policy may ask about the part file that is being written. */
export interface PartFileInfo {
  /** Path below the base path; "" for the base path itself. */
  readonly bucketId: string;
  /** When it was begun, in ms since the epoch. */
  readonly creationTime: number;
  /** Bytes written so far. */
  readonly sizeBytes: number;
  /** When a record was last written to it. */
  readonly lastUpdateTime: number;
}

/** Decides when a part file ends. */
export interface RollingPolicy<T> {
  /** Asked for every open part file at each checkpoint. */
  shouldRollOnCheckpoint(part: PartFileInfo): boolean;
  /** Asked before each record. */
  shouldRollOnEvent(part: PartFileInfo, value: T): boolean;
  /** Asked every bucket check interval. */
  shouldRollOnProcessingTime(part: PartFileInfo, currentTime: number): boolean;
}

/** See {@link DefaultRollingPolicy}. */
export interface DefaultRollingPolicyOptions {
  /** Default 128 MiB. */
  readonly maxPartSizeBytes?: number;
  /** Longest life of a part file. Default 60 s. */
  readonly rolloverInterval?: DurationLike;
  /** Longest time without a record. Default 60 s. */
  readonly inactivityInterval?: DurationLike;
}

/** Ends a part file that is too large, too old, or was not written to for too long. */
export class DefaultRollingPolicy<T> implements RollingPolicy<T> {
  /** A larger part file ends. Default 128 MiB. */
  readonly maxPartSizeBytes: number;
  /** A part file of this age ends, in ms. Default 60,000. */
  readonly rolloverIntervalMs: number;
  /** A part file that was not written to for so long ends, in ms. Default 60,000. */
  readonly inactivityIntervalMs: number;

  /** Limits left out take their defaults. @throws InvalidProgramError TSF-3016 unless all limits are positive. */
  constructor(options: DefaultRollingPolicyOptions = {}) {
    this.maxPartSizeBytes = options.maxPartSizeBytes ?? 128 * 1024 * 1024;
    this.rolloverIntervalMs = toMillis(options.rolloverInterval ?? 60_000);
    this.inactivityIntervalMs = toMillis(options.inactivityInterval ?? 60_000);
    checkOption(this.maxPartSizeBytes > 0, "maxPartSizeBytes", "a number > 0", options.maxPartSizeBytes);
    checkOption(this.rolloverIntervalMs > 0, "rolloverInterval", "a time > 0", options.rolloverInterval);
    checkOption(this.inactivityIntervalMs > 0, "inactivityInterval", "a time > 0", options.inactivityInterval);
  }

  /** Only a part file that is too large; age and idleness are looked at by the clock. */
  shouldRollOnCheckpoint(part: PartFileInfo): boolean {
    return part.sizeBytes > this.maxPartSizeBytes;
  }
  shouldRollOnEvent(part: PartFileInfo): boolean {
    return part.sizeBytes > this.maxPartSizeBytes;
  }
  shouldRollOnProcessingTime(part: PartFileInfo, currentTime: number): boolean {
    return currentTime - part.creationTime >= this.rolloverIntervalMs ||
      currentTime - part.lastUpdateTime >= this.inactivityIntervalMs;
  }
}

/** Ends every part file at the next checkpoint, so that results are finished as soon as they can be. */
export class OnCheckpointRollingPolicy<T> implements RollingPolicy<T> {
  /** Always true. */
  shouldRollOnCheckpoint(): boolean {
    return true;
  }
  shouldRollOnEvent(): boolean {
    return false;
  }
  shouldRollOnProcessingTime(): boolean {
    return false;
  }
}
