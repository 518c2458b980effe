/**
 * Values that every subtask adds to and whose merged result is part of the job's result.
 * Their fields are not `#private`: an accumulator in a field of a function object is copied with it, per subtask.
 *
 * @module
 */

import { JobExecutionError } from "../errors.ts";

/** What an accumulator may give as result. */
export type AccumulatorResult = unknown;

/** Adds values of type V, merges with its peers, gives an R. */
export interface Accumulator<V, R> {
  /** Adds one value. */
  add(value: V): void;
  /** The result in this subtask. */
  getLocalValue(): R;
  /** Starts anew. */
  resetLocal(): void;
  /** Takes in another accumulator of the same class. */
  merge(other: Accumulator<V, R>): void;
}

/**
 * Counts, sums integers.
 *
 * @example
 * ```ts
 * import { IntCounter } from "tsflink";
 *
 * const accumulator = new IntCounter();
 * for (const value of [2, 3]) accumulator.add(value);
 * console.assert(accumulator.getLocalValue() === 5);
 * ```
 */
export class IntCounter implements Accumulator<number, number> {
  /** The sum so far. */
  protected sum = 0;
  /** Adds one value. */
  add(value = 1): void {
    this.sum += value;
  }
  /** The result in this subtask. */
  getLocalValue(): number {
    return this.sum;
  }
  /** Starts anew. */
  resetLocal(): void {
    this.sum = 0;
  }
  /** Takes in another accumulator of the same class. */
  merge(other: Accumulator<number, number>): void {
    this.sum += other.getLocalValue();
  }
}
/**
 * Sums safe integers.
 *
 * @example
 * ```ts
 * import { LongCounter } from "tsflink";
 *
 * const accumulator = new LongCounter();
 * for (const value of [2, 3]) accumulator.add(value);
 * console.assert(accumulator.getLocalValue() === 5);
 * ```
 */
export class LongCounter extends IntCounter {}
/**
 * Sums doubles.
 *
 * @example
 * ```ts
 * import { DoubleCounter } from "tsflink";
 *
 * const accumulator = new DoubleCounter();
 * for (const value of [0.5, 1]) accumulator.add(value);
 * console.assert(accumulator.getLocalValue() === 1.5);
 * ```
 */
export class DoubleCounter extends IntCounter {}

/** Keeps one of the values seen; as Math.min and Math.max in Java, NaN wins over everything. */
abstract class Extremum implements Accumulator<number, number> {
  private readonly start: number;
  private readonly choose: (a: number, b: number) => number;
  private value: number;
  /** @param start The result when nothing was seen. */
  constructor(start: number, choose: (a: number, b: number) => number) {
    this.start = this.value = start;
    this.choose = choose;
  }
  /** Adds one value. */
  add(value: number): void {
    this.value = this.choose(this.value, value);
  }
  /** The result in this subtask. */
  getLocalValue(): number {
    return this.value;
  }
  /** Starts anew. */
  resetLocal(): void {
    this.value = this.start;
  }
  /** Takes in another accumulator of the same class. */
  merge(other: Accumulator<number, number>): void {
    this.add(other.getLocalValue());
  }
}
/**
 * The smallest value seen; Infinity when there was none.
 *
 * @example
 * ```ts
 * import { DoubleMinimum } from "tsflink";
 *
 * const accumulator = new DoubleMinimum();
 * for (const value of [2, 1.5]) accumulator.add(value);
 * console.assert(accumulator.getLocalValue() === 1.5);
 * ```
 */
export class DoubleMinimum extends Extremum {
  constructor() {
    super(Infinity, Math.min);
  }
}
/**
 * The largest value seen; -Infinity when there was none.
 *
 * @example
 * ```ts
 * import { DoubleMaximum } from "tsflink";
 *
 * const accumulator = new DoubleMaximum();
 * for (const value of [2, 1.5]) accumulator.add(value);
 * console.assert(accumulator.getLocalValue() === 2);
 * ```
 */
export class DoubleMaximum extends Extremum {
  constructor() {
    super(-Infinity, Math.max);
  }
}
/** The smallest 32-bit integer seen; 2147483647 when there was none. */
export class IntMinimum extends Extremum {
  constructor() {
    super(2 ** 31 - 1, Math.min);
  }
}
/** The largest 32-bit integer seen; -2147483648 when there was none. */
export class IntMaximum extends Extremum {
  constructor() {
    super(-(2 ** 31), Math.max);
  }
}
/** The smallest safe integer seen; Number.MAX_SAFE_INTEGER when there was none. */
export class LongMinimum extends Extremum {
  constructor() {
    super(Number.MAX_SAFE_INTEGER, Math.min);
  }
}
/** The largest safe integer seen; Number.MIN_SAFE_INTEGER when there was none. */
export class LongMaximum extends Extremum {
  constructor() {
    super(Number.MIN_SAFE_INTEGER, Math.max);
  }
}
/**
 * The mean of the values seen; 0 when there was none, as in Flink.
 *
 * @example
 * ```ts
 * import { AverageAccumulator } from "tsflink";
 *
 * const accumulator = new AverageAccumulator();
 * for (const value of [1, 2]) accumulator.add(value);
 * console.assert(accumulator.getLocalValue() === 1.5);
 * ```
 */
export class AverageAccumulator implements Accumulator<number, number> {
  private count = 0;
  private sum = 0;
  /** Adds one value. */
  add(value: number): void {
    this.count++;
    this.sum += value;
  }
  /** The result in this subtask. */
  getLocalValue(): number {
    return this.count === 0 ? 0 : this.sum / this.count;
  }
  /** Starts anew. */
  resetLocal(): void {
    this.count = this.sum = 0;
  }
  /** Adds count and sum of another average. @throws JobExecutionError TSF-2020 for an accumulator of another class. */
  merge(other: Accumulator<number, number>): void {
    if (!(other instanceof AverageAccumulator)) {
      throw new JobExecutionError("TSF-2020", "Only averages can be merged into an average", {
        expected: "an AverageAccumulator",
        found: other.constructor.name,
      });
    }
    this.count += other.count;
    this.sum += other.sum;
  }
}
/**
 * How often each integer was seen, by value.
 *
 * @example
 * ```ts
 * import { Histogram } from "tsflink";
 *
 * const accumulator = new Histogram();
 * for (const value of [4, 4, 5]) accumulator.add(value);
 * console.assert(accumulator.getLocalValue().get(4) === 2);
 * ```
 */
export class Histogram implements Accumulator<number, ReadonlyMap<number, number>> {
  private counts = new Map<number, number>();
  /** Adds one value. */
  add(value: number): void {
    this.counts.set(value, (this.counts.get(value) ?? 0) + 1);
  }
  /** The result in this subtask. */
  getLocalValue(): ReadonlyMap<number, number> {
    return new Map([...this.counts].sort((a, b) => a[0] - b[0]));
  }
  /** Starts anew. */
  resetLocal(): void {
    this.counts.clear();
  }
  /** Takes in another accumulator of the same class. */
  merge(other: Accumulator<number, ReadonlyMap<number, number>>): void {
    for (const [value, count] of other.getLocalValue()) this.counts.set(value, (this.counts.get(value) ?? 0) + count);
  }
}
/**
 * All values seen, in order.
 *
 * @example
 * ```ts
 * import { ListAccumulator } from "tsflink";
 *
 * const accumulator = new ListAccumulator<number>();
 * for (const value of [1, 2]) accumulator.add(value);
 * console.assert(accumulator.getLocalValue().join() === "1,2");
 * ```
 */
export class ListAccumulator<T> implements Accumulator<T, T[]> {
  private values: T[] = [];
  /** Adds one value. */
  add(value: T): void {
    this.values.push(value);
  }
  /** The result in this subtask. */
  getLocalValue(): T[] {
    return [...this.values];
  }
  /** Starts anew. */
  resetLocal(): void {
    this.values = [];
  }
  /** Takes in another accumulator of the same class. */
  merge(other: Accumulator<T, T[]>): void {
    for (const value of other.getLocalValue()) this.values.push(value);
  }
}
