/**
 * Tables of tests that every source and every sink must pass: exact positions at any record, any parallelism, failures
 * at any moment, cancellation. They run under any test runner: each row has a name and a function that throws.
 *
 * @module
 */

import type { Sink } from "../functions/sink.ts";
import type { Source, SourceSplit } from "../functions/source.ts";
import { SystemClock } from "../seams/system/clock.ts";
import { checkContains, checkSameOrder, checkSameValues, nonconforming } from "./run_context.ts";
import { SinkRun, type SinkSnapshot } from "./sink_run.ts";
import { SourceRun, type SourceRunOptions } from "./source_run.ts";

/** One test of a table. */
export interface ConformanceTest {
  /** The rule it tests. */
  readonly name: string;
  /** Throws, or rejects with, an error TSF-3060 that names the rule. */
  readonly fn: () => Promise<void>;
}

/** How the tables of sources run. */
export interface SourceConformanceOptions {
  /** Numbers of subtasks to try. Default 1, 2 and 3. */
  readonly parallelisms?: readonly number[];
  /** Most positions at which a snapshot is tried. Default 8, spread evenly over all records. */
  readonly positions?: number;
  /** Whether a single subtask emits the records in the expected order. Default false. */
  readonly ordered?: boolean;
  /** Time without any record after which a test fails. Default 5000. */
  readonly stallLimitMs?: number;
}

// deno-lint-ignore no-explicit-any -- a table takes sources of all splits and checkpoints
type AnySource<T> = Source<T, any, any>;

/**
 * The tests of a source. `expected` are all its records, or, when it is unbounded, its first ones.
 *
 * @example
 * ```ts
 * import { CollectionSource } from "tsflink";
 * import { sourceConformance } from "tsflink/testing";
 *
 * for (const { fn } of sourceConformance("letters", () => new CollectionSource(["a", "b"]), ["a", "b"])) await fn();
 * ```
 */
export function sourceConformance<T>(
  name: string,
  makeSource: () => AnySource<T>,
  expected: readonly T[],
  options: SourceConformanceOptions = {},
): ConformanceTest[] {
  const { parallelisms = [1, 2, 3], positions = 8, stallLimitMs } = options;
  const bench = new SourceBench(makeSource, expected, stallLimitMs);
  const tests: ConformanceTest[] = [];
  const add = (what: string, fn: () => Promise<void>): void => void tests.push({ name: `${name}: ${what}`, fn });
  for (const parallelism of parallelisms) {
    add(`every record once with ${parallelism} subtasks`, () => bench.everyRecordOnce(parallelism));
  }
  if (options.ordered) add("records in order with one subtask", () => bench.inOrder());
  for (const position of spread(expected.length, positions)) {
    const from = parallelisms[position % parallelisms.length];
    const to = parallelisms[(position + 1) % parallelisms.length];
    add(
      `goes on exactly after record ${position}, from ${from} to ${to} subtasks`,
      () => bench.restores(position, from, to),
    );
    add(`splits given back after record ${position} are read on`, () => bench.givesBack(position));
  }
  add("snapshots between all records change nothing", () => bench.snapshotsEverywhere());
  add("one source object serves two runs", () => bench.sharedObject());
  for (const position of new Set([0, 1, expected.length >> 1])) {
    if (position < expected.length) {
      add(`ends soon when cancelled after record ${position}`, () => bench.cancels(position));
    }
  }
  return tests;
}

/** The rules of a source, one method each. */
class SourceBench<T> {
  constructor(
    readonly makeSource: () => AnySource<T>,
    readonly expected: readonly T[],
    readonly stallLimitMs: number | undefined,
  ) {}

  #start(source: AnySource<T>, options: SourceRunOptions): SourceRun<T> {
    return new SourceRun<T>(source as Source<T, SourceSplit, unknown>, { stallLimitMs: this.stallLimitMs, ...options });
  }

  /** Until the end, or until an unbounded source has given what is expected of it. */
  async #finish(run: SourceRun<T>, source: AnySource<T>, before = 0): Promise<T[]> {
    const bounded = source.getBoundedness() === "bounded";
    const left = this.expected.length - before;
    await run.run(bounded ? undefined : () => run.records.length >= left);
    await run.close();
    return run.values;
  }

  async everyRecordOnce(parallelism: number): Promise<void> {
    const source = this.makeSource();
    const run = this.#start(source, { parallelism });
    checkSameValues(`every record once with ${parallelism} subtasks`, this.expected, await this.#finish(run, source));
  }

  async inOrder(): Promise<void> {
    const source = this.makeSource();
    checkSameOrder("records in order", this.expected, await this.#finish(this.#start(source, {}), source));
  }

  /** Twice, so that what a restored reader snapshots is tried, too. */
  async restores(position: number, from: number, to: number): Promise<void> {
    const all: T[] = [];
    let restored: SourceRunOptions["restored"];
    for (const [stop, parallelism] of [[position, from], [(position + this.expected.length) >> 1, to]]) {
      const run = this.#start(this.makeSource(), { parallelism, restored });
      await run.run(() => all.length + run.records.length >= stop);
      restored = run.snapshot();
      all.push(...run.values);
      await run.close();
    }
    const source = this.makeSource();
    all.push(...await this.#finish(this.#start(source, { parallelism: from, restored }), source, all.length));
    checkSameValues(`goes on exactly after record ${position}`, this.expected, all);
  }

  async givesBack(position: number): Promise<void> {
    const source = this.makeSource();
    const run = this.#start(source, { parallelism: 2 });
    await run.run(() => run.records.length >= position);
    await run.replaceReader(0);
    checkSameValues("splits given back are read on", this.expected, await this.#finish(run, source));
  }

  async snapshotsEverywhere(): Promise<void> {
    const source = this.makeSource();
    const run = this.#start(source, { parallelism: 2 });
    for (let count = 1; count <= Math.min(this.expected.length, 1000); count++) {
      run.completeCheckpoint(count);
      await run.run(() => run.records.length >= count);
      run.snapshot(count);
    }
    checkSameValues("snapshots change nothing", this.expected, await this.#finish(run, source));
  }

  async sharedObject(): Promise<void> {
    const source = this.makeSource();
    const runs = [this.#start(source, {}), this.#start(source, { parallelism: 2 })];
    const all = await Promise.all(runs.map((run) => this.#finish(run, source)));
    for (const values of all) checkSameValues("one source object serves two runs", this.expected, values);
  }

  async cancels(position: number): Promise<void> {
    const run = this.#start(this.makeSource(), { parallelism: 2 });
    await run.run(() => run.records.length >= position);
    const limit = Promise.withResolvers<string>();
    const cancelLimit = new SystemClock().after(1000, () => limit.resolve("late"));
    const closed = run.close().then(() => "closed");
    const outcome = await Promise.race([closed, limit.promise]);
    cancelLimit();
    if (outcome !== "closed") throw nonconforming("ends soon when cancelled", "closed within 1 s", "still open");
  }
}

/** What {@link sinkConformance} runs. */
export interface SinkUnderTest<T> {
  /** Fresh for every test. */
  // deno-lint-ignore no-explicit-any -- a table takes sinks of all committables and states
  readonly sink: Sink<T, any, any>;
  /** What a reader of the results sees now. */
  read(): readonly unknown[] | Promise<readonly unknown[]>;
  /** Removes what the test left. */
  dispose?(): void | Promise<void>;
}

/** How the tables of sinks run. */
export interface SinkConformanceOptions {
  /** What `read` shows once `values` were written. Default: the values. */
  readonly expected?: readonly unknown[];
  /** Default: exactly-once for two-phase sinks, at-least-once for others. */
  readonly guarantee?: "exactly-once" | "at-least-once";
  /** Numbers of subtasks to try. Default 1 and 3. */
  readonly parallelisms?: readonly number[];
}

/**
 * The tests of a sink; every test makes a sink of its own and writes `values`.
 *
 * @example
 * ```ts
 * import { defineSink } from "tsflink";
 * import { sinkConformance } from "tsflink/testing";
 *
 * const make = () => {
 *   const seen: number[] = [];
 *   return { sink: defineSink({ open: () => ({ write: (n: number) => void seen.push(n) }) }), read: () => seen };
 * };
 * for (const { fn } of sinkConformance("array", make, [1, 2, 3])) await fn();
 * ```
 */
export function sinkConformance<T>(
  name: string,
  makeSink: () => SinkUnderTest<T>,
  values: readonly T[],
  options: SinkConformanceOptions = {},
): ConformanceTest[] {
  const bench = new SinkBench(values, options);
  const tests: ConformanceTest[] = [];
  const add = (what: string, fn: (subject: SinkUnderTest<T>) => Promise<void>): void => {
    const run = async (): Promise<void> => {
      const subject = makeSink();
      try {
        await fn(subject);
      } finally {
        await subject.dispose?.();
      }
    };
    tests.push({ name: `${name}: ${what}`, fn: run });
  };
  for (const parallelism of options.parallelisms ?? [1, 3]) {
    add(`writes everything with ${parallelism} subtasks`, (subject) => bench.writes(subject, parallelism, Infinity));
    add(`a checkpoint after every record, ${parallelism} subtasks`, (subject) => bench.writes(subject, parallelism, 1));
  }
  for (const position of spread(values.length, 6)) {
    add(`a failure after record ${position}, nothing committed`, (s) => bench.fails(s, position, "before commit"));
    add(`a failure after record ${position}, right after a commit`, (s) => bench.fails(s, position, "after commit"));
    add(`goes on with fewer and more subtasks after record ${position}`, (s) => bench.rescales(s, position));
  }
  add("results of two phases are invisible until committed", (subject) => bench.hides(subject));
  add("closing without a record is harmless", (subject) => bench.closesEmpty(subject));
  return tests;
}

/** The rules of a sink, one method each. */
class SinkBench<T> {
  constructor(readonly values: readonly T[], readonly options: SinkConformanceOptions) {}

  async #check(rule: string, subject: SinkUnderTest<T>): Promise<void> {
    const guarantee = this.options.guarantee ?? (subject.sink.createCommitter ? "exactly-once" : "at-least-once");
    const check = guarantee === "exactly-once" ? checkSameValues : checkContains;
    check(rule, this.options.expected ?? this.values, await subject.read());
  }

  async writes(subject: SinkUnderTest<T>, parallelism: number, perCheckpoint: number): Promise<void> {
    const run = new SinkRun<T>(subject.sink, { parallelism });
    for (const [i, value] of this.values.entries()) {
      await run.write(value);
      if ((i + 1) % perCheckpoint === 0) await run.commit(await run.checkpoint(i + 1));
    }
    await run.finish();
    checkSameValues("writes everything once", this.options.expected ?? this.values, await subject.read());
  }

  /** A checkpoint at half of `position`, a failure at `position`, and on from the checkpoint. */
  async fails(subject: SinkUnderTest<T>, position: number, when: "before commit" | "after commit"): Promise<void> {
    const half = position >> 1;
    const restored = await this.#attempt(subject, half, position, when);
    const second = new SinkRun<T>(subject.sink, { restored, attemptNumber: 1 });
    // What the checkpoint holds is committed again, whether or not it was before.
    await second.commit(restored);
    for (const value of this.values.slice(half)) await second.write(value);
    await second.finish();
    await this.#check(`a failure after record ${position}, ${when}`, subject);
  }

  async rescales(subject: SinkUnderTest<T>, position: number): Promise<void> {
    let restored: SinkSnapshot | undefined;
    let next = 0;
    for (const [attemptNumber, parallelism] of [2, 1, 3].entries()) {
      const run = new SinkRun<T>(subject.sink, { parallelism, restored, attemptNumber });
      if (restored !== undefined) await run.commit(restored);
      const end = attemptNumber === 2 ? this.values.length : Math.min(next + Math.ceil(position / 2), position);
      for (; next < end; next++) await run.write(this.values[next]);
      if (attemptNumber === 2) await run.finish();
      else {
        restored = await run.checkpoint(attemptNumber + 1);
        await run.close();
      }
    }
    await this.#check("goes on with another number of subtasks", subject);
  }

  async hides(subject: SinkUnderTest<T>): Promise<void> {
    const run = new SinkRun<T>(subject.sink);
    for (const value of this.values) await run.write(value);
    const last = await run.checkpoint(1, true);
    const seen = await subject.read();
    if (run.twoPhase && this.values.length > 0 && seen.length > 0) {
      throw nonconforming("results are invisible until committed", "no results", `${seen.length} results`);
    }
    await run.commit(last);
    await run.commit(last);
    await run.close();
    checkSameValues("committing twice is committing once", this.options.expected ?? this.values, await subject.read());
  }

  async closesEmpty(subject: SinkUnderTest<T>): Promise<void> {
    await new SinkRun<T>(subject.sink).close();
    await new SinkRun<T>(subject.sink, { parallelism: 2 }).finish();
    checkSameValues("nothing written, nothing there", [], await subject.read());
  }

  async #attempt(subject: SinkUnderTest<T>, half: number, position: number, when: string): Promise<SinkSnapshot> {
    const run = new SinkRun<T>(subject.sink);
    for (const value of this.values.slice(0, half)) await run.write(value);
    const snapshot = await run.checkpoint(1);
    if (when === "after commit") await run.commit(snapshot);
    for (const value of this.values.slice(half, position)) await run.write(value);
    await run.close();
    return snapshot;
  }
}

/** At most `count` whole numbers from 0 to `last`, both ends included. */
function spread(last: number, count: number): number[] {
  const positions = new Set<number>();
  for (let i = 0; i < count; i++) positions.add(Math.round((i * last) / Math.max(count - 1, 1)));
  return [...positions];
}
