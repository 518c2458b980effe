/**
 * What conformance runs share: metrics that nobody reads, mail, and the comparison of results. Called by source_run.ts,
 * sink_run.ts and conformance.ts.
 *
 * @module
 */

import { JobExecutionError } from "../errors.ts";
import type { SourceReaderContext } from "../functions/source.ts";
import { serializeValue } from "../types/generic_serializer.ts";

type MetricGroup = SourceReaderContext["metricGroup"];

/** Metrics that count but are shown nowhere. */
export function unreadMetrics(): MetricGroup {
  const counter = (): ReturnType<MetricGroup["counter"]> => {
    let count = 0;
    return { inc: (by = 1) => void (count += by), dec: (by = 1) => void (count -= by), getCount: () => count };
  };
  const group: MetricGroup = {
    counter,
    gauge: (_name, gauge) => gauge,
    meter: () => {
      const counted = counter();
      return { markEvent: (by = 1) => counted.inc(by), getCount: counted.getCount };
    },
    histogram: () => ({
      update: () => {},
      getCount: () => 0,
      getStatistics: () => ({ min: 0, max: 0, mean: 0, quantile: () => 0 }),
    }),
    addGroup: () => group,
  };
  return group;
}

/** Calls that wait for their turn, and a promise that resolves when there is one. */
export class Mail {
  #calls: (() => void)[] = [];
  #arrival = Promise.withResolvers<void>();

  post(call: () => void): void {
    this.#calls.push(call);
    this.#arrival.resolve();
  }

  /** Runs everything, including what comes meanwhile. */
  run(): void {
    while (this.#calls.length > 0) {
      const calls = this.#calls;
      this.#calls = [];
      for (const call of calls) call();
    }
    this.#arrival = Promise.withResolvers<void>();
  }

  get arrival(): Promise<void> {
    return this.#calls.length > 0 ? Promise.resolve() : this.#arrival.promise;
  }
}

/** The error a conformance test fails with. */
export function nonconforming(rule: string, expected: string, found: string): JobExecutionError {
  return new JobExecutionError("TSF-3060", `Not conforming: ${rule}`, { expected, found });
}

/** @throws JobExecutionError TSF-3060 unless both hold the same values equally often. */
export function checkSameValues(rule: string, expected: readonly unknown[], found: readonly unknown[]): void {
  const counts = countValues(expected);
  for (const [key, { value, count }] of countValues(found)) {
    const wanted = counts.get(key)?.count ?? 0;
    if (count > wanted) throw nonconforming(rule, `${wanted} times ${shown(value)}`, `${count} times`);
  }
  checkContains(rule, expected, found);
}

/** @throws JobExecutionError TSF-3060 unless every expected value was found at least as often. */
export function checkContains(rule: string, expected: readonly unknown[], found: readonly unknown[]): void {
  const counts = countValues(found);
  for (const [key, { value, count }] of countValues(expected)) {
    const times = counts.get(key)?.count ?? 0;
    if (times < count) throw nonconforming(rule, `${count} times ${shown(value)}`, `${times} times`);
  }
}

/** @throws JobExecutionError TSF-3060 unless both are the same values in the same order. */
export function checkSameOrder(rule: string, expected: readonly unknown[], found: readonly unknown[]): void {
  const length = Math.max(expected.length, found.length);
  for (let i = 0; i < length; i++) {
    if (i >= expected.length) throw nonconforming(rule, `${expected.length} values`, `also ${shown(found[i])}`);
    if (i >= found.length) throw nonconforming(rule, `${shown(expected[i])} at ${i}`, `${found.length} values`);
    if (keyOf(expected[i]) !== keyOf(found[i])) {
      throw nonconforming(rule, `${shown(expected[i])} at ${i}`, shown(found[i]));
    }
  }
}

function countValues(values: readonly unknown[]): Map<string, { value: unknown; count: number }> {
  const counts = new Map<string, { value: unknown; count: number }>();
  for (const value of values) {
    const key = keyOf(value);
    const entry = counts.get(key);
    if (entry === undefined) counts.set(key, { value, count: 1 });
    else entry.count++;
  }
  return counts;
}

/** Equal exactly for equal values, so that 0 and -0, or a Date and its text, are told apart. */
function keyOf(value: unknown): string {
  return String(serializeValue(value));
}

function shown(value: unknown): string {
  try {
    return JSON.stringify(value)?.slice(0, 200) ?? String(value);
  } catch {
    return String(value);
  }
}
