/**
 * Evictors: which records of a window the function sees, or which stay after it.
 *
 * @module
 */

import { InvalidProgramError } from "../../errors.ts";
import { type DurationLike, toMillis } from "../../types/duration.ts";
import { NO_TIMESTAMP } from "../../types/stream_element.ts";
import { type DeltaFunction, deltaOf } from "./element_triggers.ts";
import type { Evictor, EvictorContext, TimestampedValue, Window } from "./windows.ts";

type Elements<T> = readonly TimestampedValue<T>[];

/** Evicts at one of the two moments only, without looking at the values: fits windows of any type. */
abstract class ValueBlindEvictor {
  protected constructor(protected readonly doEvictAfter: boolean) {}
  /** The records that stay, in order. */
  protected abstract evict<T>(elements: Elements<T>, size: number): Elements<T>;

  evictBefore<T>(elements: Elements<T>, size: number, _window: Window, _ctx: EvictorContext): Elements<T> {
    return this.doEvictAfter ? elements : this.evict(elements, size);
  }
  evictAfter<T>(elements: Elements<T>, size: number, _window: Window, _ctx: EvictorContext): Elements<T> {
    return this.doEvictAfter ? this.evict(elements, size) : elements;
  }
}

function refuse(evictor: string, expected: string, found: string): InvalidProgramError {
  return new InvalidProgramError("TSF-1705", `The parameters of ${evictor} do not fit`, { expected, found });
}

/**
 * Keeps the last `maxCount` records.
 *
 * @example
 * ```ts
 * import { CountEvictor } from "tsflink";
 *
 * const evictor = CountEvictor.of(1);
 * const two = [{ value: "a", timestamp: 1 }, { value: "b", timestamp: 2 }];
 * const ctx = { getCurrentProcessingTime: () => 0, getCurrentWatermark: () => 0 };
 * const kept = evictor.evictBefore(two, 2, { maxTimestamp: () => 9 }, ctx);
 * console.assert(kept.length === 1 && kept[0].value === "b");
 * ```
 */
export class CountEvictor extends ValueBlindEvictor implements Evictor<unknown, Window> {
  private constructor(private readonly maxCount: number, doEvictAfter: boolean) {
    super(doEvictAfter);
  }
  /**
   * Keeps the last `maxCount` records; 0 keeps none.
   *
   * @param doEvictAfter Evict after the function instead of before it. Default false.
   * @throws InvalidProgramError TSF-1705 unless maxCount is a whole number >= 0.
   */
  static of(maxCount: number, doEvictAfter: boolean = false): CountEvictor {
    if (!Number.isSafeInteger(maxCount) || maxCount < 0) {
      throw refuse("CountEvictor", "a whole number of records >= 0", String(maxCount));
    }
    return new CountEvictor(maxCount, doEvictAfter);
  }
  /** The last records, in order. */
  protected evict<T>(elements: Elements<T>, size: number): Elements<T> {
    return size <= this.maxCount ? elements : elements.slice(size - this.maxCount);
  }
  /** Name and count. */
  override toString(): string {
    return `CountEvictor(${this.maxCount})`;
  }
}

/**
 * Keeps the records younger than the window's latest timestamp minus `windowSize`. Records without timestamp all stay.
 *
 * @example
 * ```ts
 * import { StreamExecutionEnvironment, TimeEvictor, TumblingEventTimeWindows } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * const latest = env.fromData(1, 500, 900).assignTimestampsAndWatermarks({ timestamp: (n) => n })
 *   .keyBy(() => "all").window(TumblingEventTimeWindows.of("1 s")).evictor(TimeEvictor.of("500 ms"))
 *   .reduce((a, b) => a + b);
 * console.assert((await latest.executeAndCollect()).join() === "1400");
 * ```
 */
export class TimeEvictor extends ValueBlindEvictor implements Evictor<unknown, Window> {
  private constructor(private readonly windowSize: number, doEvictAfter: boolean) {
    super(doEvictAfter);
  }
  /**
   * Keeps records whose timestamp is greater than the latest one minus `windowSize`.
   *
   * @param doEvictAfter Evict after the function instead of before it. Default false.
   */
  static of(windowSize: DurationLike, doEvictAfter: boolean = false): TimeEvictor {
    return new TimeEvictor(toMillis(windowSize), doEvictAfter);
  }
  /** The young records, in order. */
  protected evict<T>(elements: Elements<T>, _size: number): Elements<T> {
    if (elements.length === 0 || elements[0].timestamp === NO_TIMESTAMP) return elements;
    let latest = NO_TIMESTAMP;
    for (const { timestamp } of elements) latest = Math.max(latest, timestamp);
    const cutoff = latest - this.windowSize;
    return elements.filter(({ timestamp }) => timestamp > cutoff);
  }
  /** What is kept, in ms. */
  getWindowSize(): number {
    return this.windowSize;
  }
  /** Name and time in ms. */
  override toString(): string {
    return `TimeEvictor(${this.windowSize})`;
  }
}

/**
 * Drops the records that lie `threshold` or more away from the last one.
 *
 * @example
 * ```ts
 * import { DeltaEvictor, StreamExecutionEnvironment } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * const near = env.fromData(1, 20, 22).countWindowAll(3).evictor(DeltaEvictor.of(10, (a: number, b) => Math.abs(b - a)))
 *   .reduce((a, b) => a + b);
 * console.assert((await near.executeAndCollect()).join() === "42");
 * ```
 */
export class DeltaEvictor<T> implements Evictor<T, Window> {
  private constructor(
    private readonly threshold: number,
    private readonly deltaFunction: DeltaFunction<T>,
    private readonly doEvictAfter: boolean,
  ) {}
  /**
   * Drops records whose delta to the last one is >= `threshold`.
   *
   * @param doEvictAfter Evict after the function instead of before it. Default false.
   */
  static of<T>(threshold: number, deltaFunction: DeltaFunction<T>, doEvictAfter: boolean = false): DeltaEvictor<T> {
    return new DeltaEvictor(threshold, deltaFunction, doEvictAfter);
  }
  evictBefore(elements: Elements<T>, _size: number, _window: Window, _ctx: EvictorContext): Elements<T> {
    return this.doEvictAfter ? elements : this.evict(elements);
  }
  evictAfter(elements: Elements<T>, _size: number, _window: Window, _ctx: EvictorContext): Elements<T> {
    return this.doEvictAfter ? this.evict(elements) : elements;
  }
  /** The records near enough to the last one, in order. */
  private evict(elements: Elements<T>): Elements<T> {
    if (elements.length === 0) return elements;
    const last = elements[elements.length - 1].value;
    return elements.filter(({ value }) => !(deltaOf(this.deltaFunction, value, last) >= this.threshold));
  }
  /** Name and threshold. */
  toString(): string {
    return `DeltaEvictor(${this.threshold})`;
  }
}
