/**
 * Metrics of a subtask, as plain fields that a reporter reads. See metric_names.ts for the names.
 *
 * @module
 */

/** Counts up (and down). */
export interface Counter {
  inc(by?: number): void;
  dec(by?: number): void;
  getCount(): number;
}
/** Gives a value when asked. */
export type Gauge<T> = () => T;
/** Counts events and their rate. */
export interface Meter {
  markEvent(count?: number): void;
  getCount(): number;
}
/** Collects a distribution. */
export interface Histogram {
  update(value: number): void;
  getCount(): number;
  getStatistics(): { min: number; max: number; mean: number; quantile(q: number): number };
}

/** A named place for metrics; groups nest. */
export interface MetricGroup {
  counter(name: string): Counter;
  gauge<T>(name: string, gauge: Gauge<T>): Gauge<T>;
  meter(name: string): Meter;
  histogram(name: string): Histogram;
  addGroup(name: string, value?: string): MetricGroup;
}
