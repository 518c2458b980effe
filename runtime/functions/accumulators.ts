/**
 * Values that every subtask adds to and whose merged result is part of the job's result.
 *
 * @module
 */

/** What an accumulator may give as result. */
export type AccumulatorResult = unknown;

/** Adds values of type V, merges with its peers, gives an R. */
export interface Accumulator<V, R> {
  add(value: V): void;
  getLocalValue(): R;
  resetLocal(): void;
  /** Takes in another accumulator of the same class. */
  merge(other: Accumulator<V, R>): void;
}

/** Counts, sums integers. */
export class IntCounter implements Accumulator<number, number> {
  protected sum = 0;
  add(value = 1): void {
    this.sum += value;
  }
  getLocalValue(): number {
    return this.sum;
  }
  resetLocal(): void {
    this.sum = 0;
  }
  merge(other: Accumulator<number, number>): void {
    this.sum += other.getLocalValue();
  }
}
/** Sums safe integers. */
export class LongCounter extends IntCounter {}
/** Sums doubles. */
export class DoubleCounter extends IntCounter {}

/** The smallest value seen. */
export class DoubleMinimum implements Accumulator<number, number> {
  #min = Infinity;
  add(value: number): void {
    if (value < this.#min) this.#min = value;
  }
  getLocalValue(): number {
    return this.#min;
  }
  resetLocal(): void {
    this.#min = Infinity;
  }
  merge(other: Accumulator<number, number>): void {
    this.add(other.getLocalValue());
  }
}
/** The largest value seen. */
export class DoubleMaximum implements Accumulator<number, number> {
  #max = -Infinity;
  add(value: number): void {
    if (value > this.#max) this.#max = value;
  }
  getLocalValue(): number {
    return this.#max;
  }
  resetLocal(): void {
    this.#max = -Infinity;
  }
  merge(other: Accumulator<number, number>): void {
    this.add(other.getLocalValue());
  }
}
/** The mean of the values seen; NaN when there was none. */
export class AverageAccumulator implements Accumulator<number, number> {
  #count = 0;
  #sum = 0;
  add(value: number): void {
    this.#count++;
    this.#sum += value;
  }
  getLocalValue(): number {
    return this.#sum / this.#count;
  }
  resetLocal(): void {
    this.#count = this.#sum = 0;
  }
  merge(other: Accumulator<number, number>): void {
    if (other instanceof AverageAccumulator) {
      this.#count += other.#count;
      this.#sum += other.#sum;
    }
  }
}
/** How often each integer was seen, by value. */
export class Histogram implements Accumulator<number, ReadonlyMap<number, number>> {
  #counts = new Map<number, number>();
  add(value: number): void {
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + 1);
  }
  getLocalValue(): ReadonlyMap<number, number> {
    return new Map([...this.#counts].sort((a, b) => a[0] - b[0]));
  }
  resetLocal(): void {
    this.#counts.clear();
  }
  merge(other: Accumulator<number, ReadonlyMap<number, number>>): void {
    for (const [value, count] of other.getLocalValue()) this.#counts.set(value, (this.#counts.get(value) ?? 0) + count);
  }
}
/** All values seen, in order. */
export class ListAccumulator<T> implements Accumulator<T, T[]> {
  #values: T[] = [];
  add(value: T): void {
    this.#values.push(value);
  }
  getLocalValue(): T[] {
    return [...this.#values];
  }
  resetLocal(): void {
    this.#values = [];
  }
  merge(other: Accumulator<T, T[]>): void {
    this.#values.push(...other.getLocalValue());
  }
}
