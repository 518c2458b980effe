/**
 * Wakes an operator for its earliest processing-time timer: of all that wait, only that one is known to the
 * ProcessingTimeService.
 *
 * Invariants: while due timers fire, which may take several steps, nothing is armed; at least one timer fires per step.
 * Who calls: heap_timer_manager.ts, one alarm for each set of timers.
 *
 * @module
 */

import type { Cancel } from "../../seams/clock.ts";
import type { ProcessingTimeService } from "../operator.ts";

/** Timers of processing time, whoever keeps them. */
export interface DueTimers {
  /** Timestamp of the earliest one; Infinity when there is none. */
  peekProcessingTime(): number;
  /** Fires those up to `until`, those set meanwhile included; false when it stopped early. */
  fireProcessingTimers(until: number): boolean;
}

/** What an alarm needs of the operator. */
export interface AlarmOptions {
  readonly processingTime: ProcessingTimeService;
  /** Runs `work` soon, again and again until it returns true; nothing else of the operator runs in between. */
  onWork(work: () => boolean): void;
  /** Nothing fires before the end of the input. */
  readonly isBatch?: boolean;
}

/** See the header. */
export class ProcessingAlarm {
  readonly #options: AlarmOptions;
  readonly #due: DueTimers;
  /** Timestamp for which the ProcessingTimeService was asked to call; Infinity when it was not. */
  #armedFor = Infinity;
  #disarm: Cancel | undefined;
  #firing = false;
  #closed = false;

  constructor(options: AlarmOptions, due: DueTimers) {
    this.#options = options;
    this.#due = due;
  }

  /** After close nothing fires any more. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** Asks to be called for the earliest timer, unless an earlier call is due anyway. */
  arm(): void {
    if (this.#firing || this.#closed || this.#options.isBatch) return;
    const timestamp = this.#due.peekProcessingTime();
    if (timestamp >= this.#armedFor) return;
    this.#disarm?.();
    this.#armedFor = timestamp;
    this.#disarm = this.#options.processingTime.registerTimer(timestamp, (time) => this.#onProcessingTime(time));
  }

  /** Fires what is due at `time`. Returns false when it stopped early. */
  fire(time: number): boolean {
    if (!this.#due.fireProcessingTimers(time)) return false;
    this.#firing = false;
    this.arm();
    return true;
  }

  close(): void {
    this.#closed = true;
    this.#disarm?.();
  }

  #onProcessingTime(time: number): void {
    this.#armedFor = Infinity;
    this.#disarm = undefined;
    if (this.#closed || this.#due.peekProcessingTime() > time) {
      this.arm();
      return;
    }
    this.#firing = true;
    this.#options.onWork(() => this.fire(time));
  }
}
