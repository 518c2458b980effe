/**
 * A sink that keeps what it gets where the test can see it. All subtasks of one isolate write to the same object.
 *
 * @module
 */

import type { Sink, SinkWriter, WriterInitContext } from "../functions/sink.ts";

/** One record with what the sink knew about it. */
export interface RecordedValue<T> {
  /** The record. */
  readonly value: T;
  /** Undefined when the record has none. */
  readonly timestamp: number | undefined;
  /** The watermark of the subtask when the record came. */
  readonly watermark: number;
  /** Index of the subtask that got it, from 0. */
  readonly subtask: number;
  /** Attempt of that subtask, from 0; higher after a failure. */
  readonly attempt: number;
}

/** One watermark as a subtask saw it. */
export interface RecordedWatermark {
  /** Milliseconds since the epoch. */
  readonly watermark: number;
  /** Index of the subtask that got it, from 0. */
  readonly subtask: number;
  /** Attempt of that subtask, from 0; higher after a failure. */
  readonly attempt: number;
  /** Records of all subtasks before it. */
  readonly afterRecords: number;
}

/**
 * Records values, timestamps and watermarks; readable while the job runs and after.
 *
 * @example
 * ```ts
 * import { RecordingSink } from "tsflink/testing";
 *
 * const sink = new RecordingSink<string>();
 * console.assert(sink.values.length === 0);
 * ```
 */
export class RecordingSink<T> implements Sink<T> {
  readonly #records: RecordedValue<T>[] = [];
  readonly #watermarks: RecordedWatermark[] = [];
  #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  /** All records, in the order they came. */
  get records(): readonly RecordedValue<T>[] {
    return this.#records;
  }
  /** The values of all records, in the order they came. */
  get values(): T[] {
    return this.#records.map((record) => record.value);
  }
  /** The watermarks of all subtasks, in the order they came. */
  get watermarks(): readonly RecordedWatermark[] {
    return this.#watermarks;
  }

  /** Resolves when at least `count` records have come. */
  async waitFor(count: number): Promise<void> {
    if (this.#records.length >= count) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ count, resolve });
    await promise;
  }

  /** Forgets everything recorded so far. */
  clear(): void {
    this.#records.length = 0;
    this.#watermarks.length = 0;
  }

  createWriter(context: WriterInitContext): SinkWriter<T> {
    const { subtaskIndex: subtask, attemptNumber: attempt } = context;
    return {
      isSynchronous: true,
      write: (value, at) => {
        const record = { value, timestamp: at.timestamp(), watermark: at.currentWatermark(), subtask, attempt };
        this.#records.push(record);
        if (this.#waiting.length > 0) this.#wake();
      },
      writeWatermark: (watermark) => {
        this.#watermarks.push({ watermark, subtask, attempt, afterRecords: this.#records.length });
      },
      flush: () => {},
      close: () => {},
    };
  }

  #wake(): void {
    const due = this.#waiting.filter(({ count }) => this.#records.length >= count);
    this.#waiting = this.#waiting.filter(({ count }) => this.#records.length < count);
    for (const { resolve } of due) resolve();
  }
}
