/**
 * How a stream gets its event time: timestamps from records, watermarks from timestamps, idleness, alignment.
 *
 * @module
 */

import { InvalidProgramError } from "../../errors.ts";
import { type DurationLike, toMillis } from "../../types/duration.ts";
import {
  AscendingTimestampsWatermarks,
  BoundedOutOfOrdernessWatermarks,
  NoWatermarksGenerator,
  type RelativeClock,
  WatermarksWithIdleness,
} from "./watermark_generators.ts";
import type { TimestampAssigner, WatermarkGenerator, WatermarkStrategyOptions } from "./watermark_strategy.ts";

export {
  AscendingTimestampsWatermarks,
  BoundedOutOfOrdernessWatermarks,
  NoWatermarksGenerator,
  PausableRelativeClock,
  type RelativeClock,
  WatermarksWithIdleness,
} from "./watermark_generators.ts";

/** Makes the generator of one subtask or one split; `clock` stands still while no record can arrive. */
export type WatermarkGeneratorSupplier<T> = (clock: RelativeClock) => WatermarkGenerator<T>;

/** Watermark alignment in milliseconds, checked. */
export interface WatermarkAlignmentParams {
  /** Sources of one group wait for each other. */
  readonly group: string;
  /** How far a source may be ahead of the slowest. */
  readonly maxDriftMs: number;
  /** How often it is looked at. */
  readonly updateIntervalMs: number;
}

/** The update interval of watermark alignment when none is given: 1 s. */
const DEFAULT_UPDATE_INTERVAL_MS = 1000;

interface StrategyParts<T> {
  readonly idlenessMs?: number;
  readonly supplier: WatermarkGeneratorSupplier<T>;
  readonly assigner?: TimestampAssigner<T>;
  readonly alignment?: WatermarkAlignmentParams;
}

/**
 * Timestamps and watermarks of a stream, for `assignTimestampsAndWatermarks` and `fromSource`. Immutable: each `with...`
 * returns a new strategy. The plain-object form `{ timestamp, outOfOrderness, idleness, alignment }` says the same.
 *
 * @example
 * ```ts
 * import { WatermarkStrategy } from "tsflink";
 *
 * const strategy = WatermarkStrategy.forBoundedOutOfOrderness("10 s")
 *   .withTimestampAssigner((bid: { at: number }) => bid.at)
 *   .withIdleness("1 min");
 * console.assert(strategy.createTimestampAssigner()({ at: 7 }, 0) === 7);
 * ```
 */
export class WatermarkStrategy<T> {
  readonly #parts: StrategyParts<T>;

  private constructor(parts: StrategyParts<T>) {
    this.#parts = parts;
  }

  /** For timestamps that never fall within a subtask (or split). Watermark: largest timestamp - 1 ms. */
  static forMonotonousTimestamps<T>(): WatermarkStrategy<T> {
    return new WatermarkStrategy<T>({ supplier: () => new AscendingTimestampsWatermarks<T>() });
  }

  /**
   * For records that come at most `maxOutOfOrderness` late. Watermark: largest timestamp - bound - 1 ms.
   *
   * @throws InvalidProgramError TSF-1350 when the bound is negative.
   */
  static forBoundedOutOfOrderness<T>(maxOutOfOrderness: DurationLike): WatermarkStrategy<T> {
    const boundMs = checkedMs(maxOutOfOrderness, "maxOutOfOrderness", "at least 0 ms", (ms) => ms >= 0);
    return new WatermarkStrategy<T>({ supplier: () => new BoundedOutOfOrdernessWatermarks<T>(boundMs) });
  }

  /** No watermarks: for jobs that work in processing time only. */
  static noWatermarks<T>(): WatermarkStrategy<T> {
    return new WatermarkStrategy<T>({ supplier: () => new NoWatermarksGenerator<T>() });
  }

  /** Watermarks by a generator of your own; `factory` is called once per subtask and split. */
  static forGenerator<T>(factory: WatermarkGeneratorSupplier<T>): WatermarkStrategy<T> {
    return new WatermarkStrategy<T>({ supplier: factory });
  }

  /**
   * The strategy a plain object describes; a strategy is returned as it is.
   *
   * @throws InvalidProgramError TSF-1350 when a duration is out of its range.
   */
  static from<T>(options: WatermarkStrategyOptions<T> | WatermarkStrategy<T>): WatermarkStrategy<T> {
    if (options instanceof WatermarkStrategy) return options;
    let strategy = WatermarkStrategy.forBoundedOutOfOrderness<T>(options.outOfOrderness ?? 0);
    const timestamp = options.timestamp;
    if (timestamp !== undefined) strategy = strategy.withTimestampAssigner((element) => timestamp(element));
    if (options.idleness !== undefined) strategy = strategy.withIdleness(options.idleness);
    const alignment = options.alignment;
    return alignment === undefined
      ? strategy
      : strategy.withWatermarkAlignment(alignment.group, alignment.maxDrift, alignment.updateInterval);
  }

  /** Takes the timestamp (ms since the epoch) out of each record; default: the timestamp the record already has. */
  withTimestampAssigner<U extends T>(assigner: TimestampAssigner<U>): WatermarkStrategy<U> {
    return new WatermarkStrategy<U>({ ...(this.#parts as unknown as StrategyParts<U>), assigner });
  }

  /**
   * Marks the stream (or split) idle when no record came for longer than `idleTimeout`, so that it no longer holds the
   * others back. Time under back pressure or alignment does not count.
   *
   * @throws InvalidProgramError TSF-1350 when the timeout is not greater than zero.
   */
  withIdleness(idleTimeout: DurationLike): WatermarkStrategy<T> {
    const timeoutMs = checkedMs(idleTimeout, "idleTimeout", "more than 0 ms", (ms) => ms > 0);
    const { supplier } = this.#parts;
    return new WatermarkStrategy<T>({
      ...this.#parts,
      idlenessMs: timeoutMs,
      supplier: (clock) => new WatermarksWithIdleness<T>(supplier(clock), timeoutMs, clock),
    });
  }

  /**
   * Lets sources of one group wait for each other: none reads on while its watermark is more than `maxDrift` ahead of
   * the slowest. Looked at every `updateInterval` (default 1 s). Only for sources (`fromSource`).
   *
   * @throws InvalidProgramError TSF-1350 when a duration is out of its range.
   */
  withWatermarkAlignment(
    group: string,
    maxDrift: DurationLike,
    updateInterval: DurationLike = DEFAULT_UPDATE_INTERVAL_MS,
  ): WatermarkStrategy<T> {
    const alignment = {
      group,
      maxDriftMs: checkedMs(maxDrift, "maxDrift", "at least 0 ms", (ms) => ms >= 0),
      updateIntervalMs: checkedMs(updateInterval, "updateInterval", "more than 0 ms", (ms) => ms > 0),
    };
    return new WatermarkStrategy<T>({ ...this.#parts, alignment });
  }

  /** The function that gives each record its timestamp. */
  createTimestampAssigner(): TimestampAssigner<T> {
    return this.#parts.assigner ?? ((_element, recordTimestamp) => recordTimestamp);
  }

  /** A new generator; called once per subtask and split. */
  createWatermarkGenerator(clock: RelativeClock): WatermarkGenerator<T> {
    return this.#parts.supplier(clock);
  }

  /** After how long without a record the stream is idle; undefined when never. */
  get idlenessMs(): number | undefined {
    return this.#parts.idlenessMs;
  }
  /** Undefined when the strategy does not align. */
  get alignment(): WatermarkAlignmentParams | undefined {
    return this.#parts.alignment;
  }

  /** The user's own functions, for the plan hash. */
  get functions(): readonly unknown[] {
    const { assigner, supplier } = this.#parts;
    return assigner === undefined ? [supplier] : [supplier, assigner];
  }
}

function checkedMs(value: DurationLike, name: string, expected: string, holds: (ms: number) => boolean): number {
  const ms = toMillis(value);
  if (holds(ms)) return ms;
  throw new InvalidProgramError("TSF-1350", `${name} of a watermark strategy is out of range`, {
    expected,
    found: `${ms} ms`,
  });
}
