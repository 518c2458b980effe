/**
 * Runs a sink outside a job: some writers, a committer, checkpoints and failures between any two records. Called by the
 * conformance tables and by tests of sinks.
 *
 * @module
 */

import type { CommitRequest, Committer, Sink, SinkWriter } from "../functions/sink.ts";
import type { Cancel, Clock } from "../seams/clock.ts";
import type { LocalFiles } from "../seams/local_files.ts";
import { SystemClock } from "../seams/system/clock.ts";
import { SystemLocalFiles } from "../seams/system/local_files.ts";
import { MIN_WATERMARK } from "../types/stream_element.ts";
import { unreadMetrics } from "./run_context.ts";

/** What a checkpoint holds of a sink: the writers' state, and what was not committed yet. */
export interface SinkSnapshot {
  readonly checkpointId: number;
  readonly writerStates: readonly unknown[];
  readonly committables: readonly unknown[];
}

/** How a {@link SinkRun} runs. */
export interface SinkRunOptions {
  readonly parallelism?: number;
  readonly restored?: SinkSnapshot;
  readonly attemptNumber?: number;
  readonly clock?: Clock;
  readonly files?: LocalFiles;
}

/** One attempt of a sink. */
export class SinkRun<T> {
  /** Lines printed and batches handed to the client. */
  readonly printed: { readonly line: string; readonly stream: "stdout" | "stderr" }[] = [];
  readonly collected: unknown[] = [];
  readonly #sink: Sink<T, unknown, unknown>;
  readonly #clock: Clock;
  readonly #abort = new AbortController();
  readonly #timers = new Set<Cancel>();
  readonly #writers: SinkWriter<T, unknown, unknown>[];
  readonly #committer: Committer<unknown> | undefined;
  #turn = 0;
  #watermark = MIN_WATERMARK;

  constructor(sink: Sink<T, unknown, unknown>, options: SinkRunOptions = {}) {
    this.#sink = sink;
    this.#clock = options.clock ?? new SystemClock();
    const files = options.files ?? new SystemLocalFiles();
    const parallelism = options.parallelism ?? 1;
    const { restored } = options;
    const states = restored?.writerStates.map((state) => structuredClone(state)) ?? [];
    this.#writers = Array.from({ length: parallelism }, (_, subtaskIndex) =>
      sink.createWriter(
        {
          subtaskIndex,
          parallelism,
          attemptNumber: options.attemptNumber ?? 0,
          metricGroup: unreadMetrics(),
          files,
          clock: this.#clock,
          signal: this.#abort.signal,
          restoredCheckpointId: restored?.checkpointId,
          print: (line, stream) => void this.printed.push({ line, stream }),
          registerTimer: (ms, fn) => this.#registerTimer(ms, fn),
          collect: (batch) => void this.collected.push(...batch),
        },
        restored === undefined ? undefined : states.filter((_, i) => i % parallelism === subtaskIndex),
      ));
    this.#committer = sink.createCommitter?.({
      metricGroup: unreadMetrics(),
      files,
      clock: this.#clock,
      signal: this.#abort.signal,
    });
  }

  /** Whether results become visible by commits only. */
  get twoPhase(): boolean {
    return this.#committer !== undefined;
  }

  /** Writes to the subtasks in turn. */
  async write(value: T, timestamp?: number): Promise<void> {
    const writer = this.#writers[this.#turn++ % this.#writers.length];
    await writer.write(value, { currentWatermark: () => this.#watermark, timestamp: () => timestamp });
  }

  /** Moves the watermark of all writers. */
  watermark(timestamp: number): void {
    this.#watermark = timestamp;
    for (const writer of this.#writers) writer.writeWatermark?.(timestamp);
  }

  /** The first phase of a checkpoint. */
  async checkpoint(checkpointId: number, endOfInput = false): Promise<SinkSnapshot> {
    const committables: unknown[] = [];
    const writerStates: unknown[] = [];
    for (const writer of this.#writers) {
      await writer.flush(endOfInput);
      committables.push(...await writer.prepareCommit?.() ?? []);
      writerStates.push(...writer.snapshotState?.(checkpointId) ?? []);
    }
    return structuredClone({ checkpointId, writerStates, committables });
  }

  /** The second phase; also what happens first after a restore. */
  async commit(snapshot: SinkSnapshot): Promise<void> {
    let left = snapshot.committables.map((committable) => structuredClone(committable));
    for (let attempt = 0; left.length > 0 && this.#committer !== undefined; attempt++) {
      if (attempt > 10) throw new Error("a committer asked for more than ten retries");
      const again: unknown[] = [];
      await this.#committer.commit(left.map((committable) => commitRequest(committable, attempt, again)));
      left = again;
    }
  }

  /** Writes the rest out, commits it, and closes. */
  async finish(checkpointId = 1_000_000): Promise<void> {
    const last = await this.checkpoint(checkpointId, true);
    await this.commit(last);
    await this.close();
  }

  /** Closes without writing anything out: what a failure does. */
  async close(): Promise<void> {
    this.#abort.abort();
    for (const cancel of this.#timers) cancel();
    for (const writer of this.#writers) await writer.close();
    await this.#committer?.close?.();
  }

  #registerTimer(ms: number, fn: () => void): void {
    const cancel = this.#clock.after(ms, () => {
      this.#timers.delete(cancel);
      fn();
    });
    this.#timers.add(cancel);
  }
}

function commitRequest(committable: unknown, attempt: number, again: unknown[]): CommitRequest<unknown> {
  return {
    getCommittable: () => committable,
    getNumberOfRetries: () => attempt,
    signalAlreadyCommitted: () => {},
    signalFailedWithKnownReason: () => {},
    signalFailedWithUnknownReason: (error) => {
      throw error;
    },
    retryLater: () => void again.push(committable),
    updateAndRetryLater: (updated) => void again.push(updated),
  };
}
