/**
 * When open batches of a task leave: at once when the task has nothing more to do, else when the buffer timeout is over.
 *
 * @module
 */

import type { RecordWriter } from "../network/record_writer.ts";
import type { Clock } from "../seams/clock.ts";

/** Flushes the writers of one task. */
export class TaskFlush {
  readonly #writers: readonly RecordWriter[];
  readonly #clock: Clock;
  readonly #dueMs: Float64Array;

  constructor(writers: readonly RecordWriter[], clock: Clock) {
    this.#writers = writers;
    this.#clock = clock;
    this.#dueMs = new Float64Array(writers.length).fill(Infinity);
  }

  /** @param isWaiting Whether the task has nothing to do now: then nobody waits for a fuller batch. */
  afterStep(isWaiting: boolean): void {
    let now = -1;
    for (let i = 0; i < this.#writers.length; i++) {
      const writer = this.#writers[i];
      const { bufferTimeoutMs } = writer.options;
      if (!writer.isDirty) this.#dueMs[i] = Infinity;
      if (!writer.isDirty || bufferTimeoutMs < 0) continue;
      if (!isWaiting) {
        if (now < 0) now = this.#clock.monotonic();
        if (this.#dueMs[i] === Infinity) this.#dueMs[i] = now + bufferTimeoutMs;
        if (now < this.#dueMs[i]) continue;
      }
      this.#dueMs[i] = Infinity;
      writer.flush();
    }
  }
}
