/**
 * The clock of a slot: its loop makes the planned calls, never a timer of the runtime, because a slot may sleep without
 * letting the runtime run. Who calls: slot_loop.ts; everything in the slot gets it as its clock.
 *
 * @module
 */

import type { Cancel, Clock } from "../../seams/clock.ts";
import { PlannedCalls } from "../../seams/planned_calls.ts";

/** Where the time comes from. */
export type TimeSource = Pick<Clock, "now" | "monotonic">;

/** See the module. */
export class SlotClock implements Clock {
  readonly #time: TimeSource;
  readonly #onEarlier: () => void;
  readonly #calls = new PlannedCalls();

  /** @param onEarlier Called when a call is planned before all others: a slot that sleeps must wake up earlier. */
  constructor(time: TimeSource, onEarlier: () => void = () => {}) {
    this.#time = time;
    this.#onEarlier = onEarlier;
  }

  now(): number {
    return this.#time.now();
  }

  monotonic(): number {
    return this.#time.monotonic();
  }

  after(ms: number, fn: () => void): Cancel {
    const before = this.#calls.nextDueMs;
    const cancel = this.#calls.plan(this.#time.monotonic() + (ms > 0 ? ms : 0), fn);
    if (this.#calls.nextDueMs < before) this.#onEarlier();
    return cancel;
  }

  /** Makes the calls that are due, not those they plan; false when there were none. One that throws ends this. */
  fireDue(): boolean {
    return this.#calls.nextDueMs !== Infinity && this.#calls.fireDue(this.#time.monotonic());
  }

  /** Milliseconds until the next call is due, 0 when one is; undefined without one. */
  nextInMs(): number | undefined {
    const next = this.#calls.nextDueMs;
    return next === Infinity ? undefined : Math.max(next - this.#time.monotonic(), 0);
  }
}
