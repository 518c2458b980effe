/**
 * Rows of one collect sink that wait for the client to fetch them: batches with numbers from 0, of which the client has
 * some. What the client has not taken is bounded; the sinks of the job wait when it is behind.
 *
 * @module
 */

import { JobExecutionError } from "../../runtime/errors.ts";
import type { Cancel, Clock } from "../../runtime/seams/clock.ts";

/** How it is limited. */
export interface CollectedBatchesOptions {
  readonly clock: Clock;
  /** Batches that wait at most. */
  readonly maxBatches: number;
  /** How long a client that asks waits for rows, in ms. */
  readonly pollTimeoutMs: number;
}

/** What a client gets: rows, none yet, or the end. */
export type CollectedAnswer = readonly unknown[] | "end";

/** See the module. */
export class CollectedBatches {
  readonly #options: CollectedBatchesOptions;
  /** The first has number {@link #acknowledged}. */
  #batches: unknown[][] = [];
  #acknowledged = 0;
  #isEnded = false;
  /** Resolve when the client has taken some. */
  #waiting: (() => void)[] = [];
  /** The client waits for rows. */
  #asking: Set<() => void> = new Set();

  constructor(options: CollectedBatchesOptions) {
    this.#options = options;
  }

  /** Batches that wait. */
  get size(): number {
    return this.#batches.length;
  }

  /** A batch of the job; resolves when the next may come. */
  add(batch: unknown[]): Promise<void> | void {
    this.#batches.push(batch);
    this.#wake();
    if (this.#batches.length < this.#options.maxBatches || this.#isEnded) return;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** No more will come. Nobody waits for the client any more. */
  end(): void {
    this.#isEnded = true;
    this.#release();
    this.#wake();
  }

  /**
   * Batch number `ack`; those before it are dropped.
   *
   * @throws JobExecutionError TSF-5227 for a batch that was dropped, or is far ahead.
   */
  async take(ack: number): Promise<CollectedAnswer> {
    this.#drop(ack);
    if (this.#batches.length === 0 && !this.#isEnded) await this.#somethingNew();
    const batch = this.#batches[ack - this.#acknowledged];
    return batch ?? (this.#isEnded ? "end" : []);
  }

  #drop(ack: number): void {
    const taken = ack - this.#acknowledged;
    if (!Number.isInteger(ack) || taken < 0 || taken > this.#batches.length) {
      throw new JobExecutionError("TSF-5227", "The client asks for rows that are not there", {
        expected: `a batch from ${this.#acknowledged} to ${this.#acknowledged + this.#batches.length}`,
        found: String(ack),
        hint: "Batches are fetched one after the other, by one client.",
      });
    }
    this.#batches.splice(0, taken);
    this.#acknowledged = ack;
    if (this.#batches.length < this.#options.maxBatches) this.#release();
  }

  #somethingNew(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        this.#asking.delete(done);
        resolve();
      };
      const cancel: Cancel = this.#options.clock.after(this.#options.pollTimeoutMs, done);
      this.#asking.add(done);
    });
  }
  #wake(): void {
    for (const done of [...this.#asking]) done();
  }
  #release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
