/**
 * All seams under a test's control: manual clock, seeded randomness, files in memory, captured log, mail that runs when told.
 *
 * @module
 */

import { RetryableError } from "../errors.ts";
import type { Log, LogLevel } from "../seams/log.ts";
import type { MainThread } from "../seams/main_thread.ts";
import type { Seams } from "../seams/seams.ts";
import type { Random } from "../seams/random.ts";
import type { Spill, SpillFile } from "../seams/spill.ts";
import { SeededRandom } from "../seams/system/random.ts";
import type { OperatorContext } from "../operators/operator.ts";
import { ManualClock } from "./manual_clock.ts";
import { MemoryFiles } from "./memory_files.ts";

type MetricGroup = OperatorContext["metrics"];

/** A line that was logged. */
export interface LoggedLine {
  /** From debug to error. */
  readonly level: LogLevel;
  /** What was said. */
  readonly message: string;
  /** What was said beside the message. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** Keeps what is logged and printed. */
export class CapturedLog implements Log {
  /** Logged lines, in order. */
  readonly lines: LoggedLine[] = [];
  /** Lines of print sinks, in order. */
  readonly printed: { readonly line: string; readonly stream: "stdout" | "stderr" }[] = [];
  /** Keeps the line. */
  log(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void {
    this.lines.push(fields === undefined ? { level, message } : { level, message, fields });
  }
  print(line: string, stream: "stdout" | "stderr"): void {
    this.printed.push({ line, stream });
  }
  /** The messages of that level or, without level, of all. */
  messages(level?: LogLevel): string[] {
    return this.lines.filter((line) => level === undefined || line.level === level).map((line) => line.message);
  }
}

/** Runs posted calls when told. */
export class ManualMainThread implements MainThread {
  #posted: (() => void)[] = [];
  /** Keeps the call until `runAll`. */
  post(fn: () => void): void {
    this.#posted.push(fn);
  }
  /** Number of calls that wait. */
  get pending(): number {
    return this.#posted.length;
  }
  /** Runs everything posted, also what is posted meanwhile; false when there was nothing. */
  runAll(): boolean {
    const had = this.#posted.length > 0;
    while (this.#posted.length > 0) {
      const posted = this.#posted;
      this.#posted = [];
      for (const fn of posted) fn();
    }
    return had;
  }
}

/** {@link Seams} with the controls of a test. */
export interface TestSeams extends Seams {
  /** Stands still until it is moved. */
  readonly clock: ManualClock;
  /** Seeded: the same in every run. */
  readonly random: Random;
  /** Runs posted calls when told. */
  readonly mainThread: ManualMainThread;
  /** Keeps what is logged and printed. */
  readonly log: CapturedLog;
  /** Files in memory. */
  readonly files: MemoryFiles;
}

/**
 * Makes seams for a test.
 *
 * @example
 * ```ts
 * import { testSeams } from "tsflink/testing";
 *
 * const seams = testSeams({ startMs: 1000, files: { "/a": "1" } });
 * seams.clock.advance(5);
 * console.assert(seams.clock.now() === 1005 && seams.files.text("/a") === "1");
 * ```
 */
export function testSeams(
  options: {
    /** First time of the clock, ms since the epoch. Default 0. */
    readonly startMs?: number;
    /** Seed of the randomness. Default 1. */
    readonly seed?: number;
    readonly files?: Readonly<Record<string, string | Uint8Array>>;
  } = {},
): TestSeams {
  const clock = new ManualClock(options.startMs);
  return {
    clock,
    random: new SeededRandom(options.seed ?? 1),
    mainThread: new ManualMainThread(),
    log: new CapturedLog(),
    files: new MemoryFiles(options.files, () => clock.now()),
    spill: new MemorySpill(),
    sockets: {
      connect: (hostname, port) =>
        Promise.reject(
          new RetryableError("TSF-3020", `Cannot connect to ${hostname}:${port}`, {
            expected: "a listening socket",
            found: "the test seams, which have no network",
          }),
        ),
    },
  };
}

/** Spill files in memory. */
class MemorySpill implements Spill {
  open(): SpillFile {
    let bytes = new Uint8Array(0);
    return {
      append: (added) => {
        const start = bytes.length;
        const joined = new Uint8Array(start + added.length);
        joined.set(bytes);
        joined.set(added, start);
        bytes = joined;
        return start;
      },
      readAt: (position, sizeBytes) => bytes.slice(position, position + sizeBytes),
      close: () => {
        bytes = new Uint8Array(0);
      },
    };
  }
}

/** Metrics a test can read. */
export class TestMetrics implements MetricGroup {
  readonly #values: Map<string, () => unknown>;
  readonly #prefix: string;
  /** Metrics below `prefix`; groups share `values`. */
  constructor(prefix = "", values: Map<string, () => unknown> = new Map()) {
    this.#prefix = prefix;
    this.#values = values;
  }
  /** Value of the metric of that name ("group.name" for groups); undefined when there is none. */
  get(name: string): unknown {
    return this.#values.get(name)?.();
  }
  /** A counter that starts at 0. */
  counter(name: string): ReturnType<MetricGroup["counter"]> {
    let count = 0;
    this.#values.set(this.#prefix + name, () => count);
    return { inc: (by = 1) => void (count += by), dec: (by = 1) => void (count -= by), getCount: () => count };
  }
  /** A value that is asked for at every `get`. */
  gauge<T>(name: string, gauge: () => T): () => T {
    this.#values.set(this.#prefix + name, gauge);
    return gauge;
  }
  /** A count of events; its rate is not kept. */
  meter(name: string): ReturnType<MetricGroup["meter"]> {
    const counter = this.counter(name);
    return { markEvent: (count) => counter.inc(count), getCount: () => counter.getCount() };
  }
  /** A histogram; `get` gives all values in order of arrival. */
  histogram(name: string): ReturnType<MetricGroup["histogram"]> {
    const values: number[] = [];
    this.#values.set(this.#prefix + name, () => [...values]);
    const sorted = (): number[] => [...values].sort((a, b) => a - b);
    return {
      update: (value) => void values.push(value),
      getCount: () => values.length,
      getStatistics: () => ({
        min: sorted()[0] ?? NaN,
        max: sorted().at(-1) ?? NaN,
        mean: values.reduce((a, b) => a + b, 0) / values.length,
        quantile: (q) => sorted()[Math.min(values.length - 1, Math.floor(q * values.length))] ?? NaN,
      }),
    };
  }
  /** A group whose metrics are named "name.metric" or "name.value.metric". */
  addGroup(name: string, value?: string): MetricGroup {
    return new TestMetrics(`${this.#prefix}${name}.${value === undefined ? "" : value + "."}`, this.#values);
  }
}
