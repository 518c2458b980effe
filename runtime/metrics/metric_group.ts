/**
 * Metrics of a subtask, as plain fields that a reporter reads. See metric_names.ts for the names.
 *
 * @module
 */

/** Counts up (and down). */
export interface Counter {
  /** Adds `by`, default 1. */
  inc(by?: number): void;
  /** Takes `by` off, default 1. */
  dec(by?: number): void;
  /** The count so far. */
  getCount(): number;
}
/** Gives a value when asked. */
export type Gauge<T> = () => T;
/** Counts events and their rate. */
export interface Meter {
  /** Counts events, default 1. */
  markEvent(count?: number): void;
  /** The count so far. */
  getCount(): number;
}
/** Collects a distribution. */
export interface Histogram {
  /** Takes in one value. */
  update(value: number): void;
  /** The count so far. */
  getCount(): number;
  /** Of the values that are kept; `q` is from 0 to 1. */
  getStatistics(): { min: number; max: number; mean: number; quantile(q: number): number };
}

/** A named place for metrics; groups nest. */
export interface MetricGroup {
  /** A counter of that name. */
  counter(name: string): Counter;
  /** A value that is asked for when metrics are read. */
  gauge<T>(name: string, gauge: Gauge<T>): Gauge<T>;
  /** Events per second. */
  meter(name: string): Meter;
  /** A distribution of values. */
  histogram(name: string): Histogram;
  /** A group within this one. */
  addGroup(name: string, value?: string): MetricGroup;
}
