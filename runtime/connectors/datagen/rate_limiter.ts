/**
 * How fast a generator source may emit. Every subtask gets its share of the limit.
 *
 * @module
 */

import type { Cancel, Clock } from "../../seams/clock.ts";
import { checkOption } from "../invalid_option.ts";
import type { Gate } from "../computed_reader.ts";

/** A limit for all subtasks of a source together. */
export class RateLimiterStrategy {
  readonly #create: (parallelism: number, clock: Clock) => Gate | undefined;
  private constructor(create: (parallelism: number, clock: Clock) => Gate | undefined) {
    this.#create = create;
  }

  /**
   * That many records per second, evenly spaced; up to one second's worth that could not go out is made up for.
   *
   * @throws InvalidProgramError TSF-3016 unless the rate is positive.
   */
  static perSecond(recordsPerSecond: number): RateLimiterStrategy {
    checkOption(recordsPerSecond > 0, "recordsPerSecond", "a number > 0", recordsPerSecond);
    return new RateLimiterStrategy((parallelism, clock) => new SpacedGate(recordsPerSecond / parallelism, clock));
  }

  /**
   * That many records between two completed checkpoints; needs checkpointing.
   *
   * @throws InvalidProgramError TSF-3016 unless it is a positive whole number, and, when the job starts, unless it is
   * at least the parallelism.
   */
  static perCheckpoint(recordsPerCheckpoint: number): RateLimiterStrategy {
    const valid = Number.isInteger(recordsPerCheckpoint) && recordsPerCheckpoint > 0;
    checkOption(valid, "recordsPerCheckpoint", "a whole number > 0", recordsPerCheckpoint);
    return new RateLimiterStrategy((parallelism) => {
      const perSubtask = Math.floor(recordsPerCheckpoint / parallelism);
      const found = `${recordsPerCheckpoint} for ${parallelism} subtasks`;
      checkOption(perSubtask > 0, "recordsPerCheckpoint", "at least the parallelism of the source", found);
      return new CheckpointGate(perSubtask);
    });
  }

  /** As fast as the stream behind takes them. */
  static noOp(): RateLimiterStrategy {
    return new RateLimiterStrategy(() => undefined);
  }

  /** The gate of one subtask; undefined = always open. */
  createGate(parallelism: number, clock: Clock): Gate | undefined {
    return this.#create(parallelism, clock);
  }
}

/** Permits that are not used for longer than this are lost. */
const STORED_MS = 1000;
/** Permits of so much time are taken with one look at the clock; they may go out later than they were looked up. */
const AT_ONCE_MS = 10;

/** Opens at even distances. */
class SpacedGate implements Gate {
  readonly #intervalMs: number;
  readonly #clock: Clock;
  /** When the next permit is due. */
  #nextMs: number | undefined;
  /** Permits that are due already; saves a look at the clock per record. */
  #granted = 0;
  #waiting: Promise<void> | undefined;
  #cancel: Cancel = () => {};

  constructor(recordsPerSecond: number, clock: Clock) {
    this.#intervalMs = 1000 / recordsPerSecond;
    this.#clock = clock;
  }

  tryAcquire(): boolean {
    if (this.#granted > 0) {
      this.#granted--;
      return true;
    }
    const nowMs = this.#clock.monotonic();
    const nextMs = Math.max(this.#nextMs ?? nowMs, nowMs - STORED_MS);
    if (nextMs > nowMs) return false;
    const atOnce = Math.max(Math.floor(AT_ONCE_MS / this.#intervalMs), 1);
    const due = Math.min(Math.floor((nowMs - nextMs) / this.#intervalMs) + 1, atOnce);
    this.#nextMs = nextMs + due * this.#intervalMs;
    this.#granted = due - 1;
    return true;
  }

  whenOpen(): Promise<void> {
    if (this.#waiting !== undefined) return this.#waiting;
    const waitMs = (this.#nextMs ?? 0) - this.#clock.monotonic();
    if (this.#granted > 0 || waitMs <= 0) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting = promise;
    this.#cancel = this.#clock.after(waitMs, () => {
      this.#waiting = undefined;
      resolve();
    });
    return promise;
  }

  notifyCheckpointComplete(): void {}

  close(): void {
    this.#cancel();
  }
}

/** Opens for a number of records with every completed checkpoint. */
class CheckpointGate implements Gate {
  #left: number;
  #opening = Promise.withResolvers<void>();

  constructor(readonly perCheckpoint: number) {
    this.#left = perCheckpoint;
  }

  tryAcquire(): boolean {
    if (this.#left === 0) return false;
    this.#left--;
    return true;
  }

  whenOpen(): Promise<void> {
    return this.#left > 0 ? Promise.resolve() : this.#opening.promise;
  }

  notifyCheckpointComplete(): void {
    this.#left = this.perCheckpoint;
    this.#opening.resolve();
    this.#opening = Promise.withResolvers<void>();
  }

  close(): void {}
}
