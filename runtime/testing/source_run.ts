/**
 * Runs a source outside a job: one enumerator, some readers, everything that passes between them as plain data. Called
 * by the conformance tables and by tests of sources.
 *
 * Invariant: a snapshot is taken only when no split is under way between enumerator and reader.
 *
 * @module
 */

import type {
  ReaderOutput,
  Source,
  SourceEvent,
  SourceReader,
  SourceSplit,
  SplitEnumerator,
  SplitEnumeratorContext,
} from "../functions/source.ts";
import type { Cancel, Clock } from "../seams/clock.ts";
import type { LocalFiles } from "../seams/local_files.ts";
import { SystemClock } from "../seams/system/clock.ts";
import { SystemLocalFiles } from "../seams/system/local_files.ts";
import { Mail, nonconforming, unreadMetrics } from "./run_context.ts";

/** One record a source emitted. */
export interface EmittedRecord<T> {
  readonly value: T;
  /** Undefined when the source gave none. */
  readonly timestamp: number | undefined;
  readonly subtask: number;
  /** Undefined for the main output. */
  readonly splitId: string | undefined;
}

/** A watermark or idleness mark a source emitted, with the number of records before it. */
export interface EmittedMark {
  readonly kind: "watermark" | "idle" | "active";
  readonly timestamp?: number;
  readonly afterRecords: number;
}

/** Everything needed to go on with a source. */
export interface SourceSnapshot {
  readonly enumerator: unknown;
  readonly splits: readonly unknown[];
}

/** How a {@link SourceRun} runs. */
export interface SourceRunOptions {
  readonly parallelism?: number;
  readonly restored?: SourceSnapshot;
  readonly clock?: Clock;
  readonly files?: LocalFiles;
  /** Without any progress for this long the run fails. Default 5000. */
  readonly stallLimitMs?: number;
}

interface RunningReader<T> {
  readonly subtask: number;
  readonly reader: SourceReader<T, SourceSplit>;
  readonly output: ReaderOutput<T>;
  ended: boolean;
}

/** One run of a source. */
export class SourceRun<T> {
  readonly records: EmittedRecord<T>[] = [];
  readonly marks: EmittedMark[] = [];
  /** Splits whose output was given back. */
  readonly released: string[] = [];
  readonly side: { readonly tagId: string; readonly value: unknown }[] = [];
  readonly #source: Source<T, SourceSplit, unknown>;
  readonly #parallelism: number;
  readonly #clock: Clock;
  readonly #files: LocalFiles;
  readonly #stallLimitMs: number;
  readonly #abort = new AbortController();
  readonly #mail = new Mail();
  readonly #timers = new Set<Cancel>();
  readonly #enumerator: SplitEnumerator<SourceSplit, unknown>;
  readonly #readers: RunningReader<T>[] = [];
  readonly #registered = new Set<number>();
  #error: { readonly cause: unknown } | undefined;
  #closed = false;

  constructor(source: Source<T, SourceSplit, unknown>, options: SourceRunOptions = {}) {
    this.#source = source;
    this.#parallelism = options.parallelism ?? 1;
    this.#clock = options.clock ?? new SystemClock();
    this.#files = options.files ?? new SystemLocalFiles();
    this.#stallLimitMs = options.stallLimitMs ?? 5000;
    const context = this.#enumeratorContext();
    const { restored } = options;
    this.#enumerator = restored === undefined
      ? source.createEnumerator(context)
      : source.restoreEnumerator(context, structuredClone(restored.enumerator));
    this.#enumerator.start();
    const splits = (restored?.splits ?? []).map((data) => source.deserializeSplit(structuredClone(data)));
    for (let subtask = 0; subtask < this.#parallelism; subtask++) {
      // Round robin, as list state is given out on a restore.
      this.#addReader(subtask, splits.filter((_, i) => i % this.#parallelism === subtask));
    }
  }

  /** The values emitted so far. */
  get values(): T[] {
    return this.records.map((record) => record.value);
  }

  /** Whether every reader has ended. */
  get ended(): boolean {
    return this.#readers.every((running) => running.ended);
  }

  /** Runs until the source has ended, or until `done` says so before some record. */
  async run(done: () => boolean = () => false): Promise<void> {
    for (;;) {
      this.#runMail();
      let progress = false;
      for (const running of this.#readers) {
        if (running.ended) continue;
        if (done()) return;
        const status = running.reader.pollNext(running.output);
        if (status === "END_OF_INPUT") running.ended = true;
        if (status !== "NOTHING_AVAILABLE") progress = true;
      }
      if (this.ended || done()) return;
      if (!progress) await this.#wait();
    }
  }

  /** A copy of all state, as a checkpoint would hold it. */
  snapshot(checkpointId = 1): SourceSnapshot {
    this.#runMail();
    const enumerator = structuredClone(this.#enumerator.snapshotState(checkpointId));
    const splits = this.#readers.flatMap(({ reader }) => reader.snapshotState(checkpointId));
    return { enumerator, splits: splits.map((split) => structuredClone(this.#source.serializeSplit(split))) };
  }

  /** Tells everybody that a checkpoint is complete. */
  completeCheckpoint(checkpointId = 1): void {
    for (const { reader } of this.#readers) reader.notifyCheckpointComplete?.(checkpointId);
    this.#enumerator.notifyCheckpointComplete?.(checkpointId);
  }

  /** Ends a reader and starts another in its place; its splits go back to the enumerator. */
  async replaceReader(subtask: number): Promise<void> {
    this.#runMail();
    const index = this.#readers.findIndex((running) => running.subtask === subtask);
    const { reader } = this.#readers[index];
    const back = reader.snapshotState(1).map((split) => this.#travel(split));
    this.#registered.delete(subtask);
    await reader.close();
    this.#readers.splice(index, 1);
    this.#enumerator.addSplitsBack(back, subtask);
    this.#addReader(subtask, []);
  }

  /** Ends everything, as on a cancel; resolves when readers and enumerator have closed. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#abort.abort();
    for (const cancel of this.#timers) cancel();
    await Promise.all(this.#readers.map(({ reader }) => reader.close()));
    await this.#enumerator.close();
  }

  #addReader(subtask: number, splits: SourceSplit[]): void {
    const reader = this.#source.createReader({
      indexOfSubtask: subtask,
      currentParallelism: this.#parallelism,
      metricGroup: unreadMetrics(),
      files: this.#files,
      clock: this.#clock,
      signal: this.#abort.signal,
      sendSplitRequest: () => this.#post(() => this.#enumerator.handleSplitRequest(subtask)),
      sendSourceEventToCoordinator: (event) => {
        const sent = structuredClone(event);
        this.#post(() => this.#enumerator.handleSourceEvent?.(subtask, sent));
      },
    });
    if (splits.length > 0) reader.addSplits(splits);
    this.#readers.push({ subtask, reader, output: this.#output(subtask), ended: false });
    this.#registered.add(subtask);
    this.#enumerator.addReader(subtask);
    reader.start();
  }

  #output(subtask: number): ReaderOutput<T> {
    const of = (splitId: string | undefined) => ({
      collect: (value: T, timestamp?: number) => {
        if (this.#closed) throw nonconforming("nothing is emitted after close()", "no record", "a record");
        this.records.push({ value, timestamp, subtask, splitId });
      },
      emitWatermark: (timestamp: number) => {
        this.marks.push({ kind: "watermark", timestamp, afterRecords: this.records.length });
      },
      markIdle: () => void this.marks.push({ kind: "idle", afterRecords: this.records.length }),
      markActive: () => void this.marks.push({ kind: "active", afterRecords: this.records.length }),
    });
    return {
      ...of(undefined),
      createOutputForSplit: (splitId) => of(splitId),
      releaseOutputForSplit: (splitId) => void this.released.push(splitId),
      emitSide: (tagId, value) => void this.side.push({ tagId, value }),
    };
  }

  #enumeratorContext(): SplitEnumeratorContext<SourceSplit> {
    const toReader = (subtask: number, call: (reader: SourceReader<T, SourceSplit>) => void): void => {
      this.#post(() => {
        const running = this.#readers.find((other) => other.subtask === subtask);
        if (running !== undefined) call(running.reader);
      });
    };
    return {
      currentParallelism: () => this.#parallelism,
      registeredReaders: () => [...this.#registered],
      assignSplit: (split, subtask) => {
        const sent = this.#travel(split);
        toReader(subtask, (reader) => reader.addSplits([sent]));
      },
      signalNoMoreSplits: (subtask) => toReader(subtask, (reader) => reader.notifyNoMoreSplits()),
      sendEventToSourceReader: (subtask, event: SourceEvent) => {
        const sent = structuredClone(event);
        toReader(subtask, (reader) => reader.handleSourceEvents?.(sent));
      },
      callAsync: (work, handler, periodMs) => this.#callAsync(work, handler, periodMs),
      metricGroup: unreadMetrics(),
      files: this.#files,
      clock: this.#clock,
    };
  }

  #callAsync<R>(
    work: () => Promise<R>,
    handler: (result: R | undefined, error: unknown) => void,
    periodMs: number | undefined,
  ): void {
    const again = (): void => {
      if (periodMs === undefined || this.#closed) return;
      const cancel = this.#clock.after(periodMs, () => {
        this.#timers.delete(cancel);
        this.#callAsync(work, handler, periodMs);
      });
      this.#timers.add(cancel);
    };
    work().then(
      (result) => this.#post(() => handler(result, undefined)),
      (error) => this.#post(() => handler(undefined, error)),
    ).then(again);
  }

  #post(call: () => void): void {
    this.#mail.post(() => {
      if (this.#closed) return;
      try {
        call();
      } catch (cause) {
        this.#error ??= { cause };
      }
    });
  }

  #runMail(): void {
    this.#mail.run();
    if (this.#error !== undefined) throw this.#error.cause;
  }

  async #wait(): Promise<void> {
    let cancel: Cancel = () => {};
    const stalled = new Promise<never>((_, reject) => {
      cancel = this.#clock.after(this.#stallLimitMs, () => {
        reject(nonconforming("a source makes progress", "a record or the end", `${this.#stallLimitMs} ms of nothing`));
      });
    });
    const available = this.#readers.filter((running) => !running.ended).map(({ reader }) => reader.isAvailable());
    try {
      await Promise.race([this.#mail.arrival, ...available, stalled]);
    } finally {
      cancel();
    }
  }

  #travel(split: SourceSplit): SourceSplit {
    return this.#source.deserializeSplit(structuredClone(this.#source.serializeSplit(split)));
  }
}
