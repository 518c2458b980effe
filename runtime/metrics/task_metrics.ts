/**
 * Metrics of one task as plain fields and functions, read by reporters and the live view; nothing is computed on the
 * path of a record.
 *
 * @module
 */

import type { Counter, Gauge, Histogram, Meter, MetricGroup } from "./metric_group.ts";

/** Values kept by a histogram; older ones are overwritten. */
const HISTOGRAM_SIZE = 1024;

class PlainCounter implements Counter {
  #count = 0;
  inc(by = 1): void {
    this.#count += by;
  }
  dec(by = 1): void {
    this.#count -= by;
  }
  getCount(): number {
    return this.#count;
  }
}

class PlainMeter implements Meter {
  #count = 0;
  markEvent(count = 1): void {
    this.#count += count;
  }
  getCount(): number {
    return this.#count;
  }
}

class SlidingHistogram implements Histogram {
  readonly #values: number[] = [];
  #count = 0;
  update(value: number): void {
    this.#values[this.#count++ % HISTOGRAM_SIZE] = value;
  }
  getCount(): number {
    return this.#count;
  }
  getStatistics(): { min: number; max: number; mean: number; quantile(q: number): number } {
    const sorted = [...this.#values].sort((a, b) => a - b);
    const sum = sorted.reduce((total, value) => total + value, 0);
    return {
      min: sorted[0] ?? NaN,
      max: sorted.at(-1) ?? NaN,
      mean: sum / sorted.length,
      quantile: (q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN,
    };
  }
}

/** All metrics of one operator in one subtask; nested groups share the table, names joined by dots. */
export class TaskMetricGroup implements MetricGroup {
  readonly #metrics: Map<string, () => unknown>;
  readonly #made: Map<string, Counter | Meter | Histogram>;

  constructor(readonly prefix = "", parent?: TaskMetricGroup) {
    this.#metrics = parent === undefined ? new Map() : parent.#metrics;
    this.#made = parent === undefined ? new Map() : parent.#made;
  }

  counter(name: string): Counter {
    return this.#getOrMake(name, () => new PlainCounter(), (counter) => counter.getCount());
  }
  meter(name: string): Meter {
    return this.#getOrMake(name, () => new PlainMeter(), (meter) => meter.getCount());
  }
  histogram(name: string): Histogram {
    return this.#getOrMake(name, () => new SlidingHistogram(), (histogram) => histogram.getStatistics());
  }
  gauge<T>(name: string, gauge: Gauge<T>): Gauge<T> {
    this.#metrics.set(this.prefix + name, gauge);
    return gauge;
  }
  addGroup(name: string, value?: string): MetricGroup {
    return new TaskMetricGroup(`${this.prefix}${name}.${value === undefined ? "" : `${value}.`}`, this);
  }

  /** Current value of every metric, by full name. */
  values(): Map<string, unknown> {
    return new Map([...this.#metrics].map(([name, read]) => [name, read()]));
  }

  #getOrMake<M extends Counter | Meter | Histogram>(name: string, make: () => M, read: (metric: M) => unknown): M {
    const full = this.prefix + name;
    const existing = this.#made.get(full);
    if (existing !== undefined) return existing as M;
    const metric = make();
    this.#made.set(full, metric);
    this.#metrics.set(full, () => read(metric));
    return metric;
  }
}
