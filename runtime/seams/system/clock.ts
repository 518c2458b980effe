/**
 * The real clock. All planned calls share one native timer, so that calls of equal time come in order of registration
 * and many of them cost little. Made by system_seams.ts.
 *
 * @module
 */

import type { Cancel, Clock } from "../clock.ts";
import { PlannedCalls } from "../planned_calls.ts";

/** Longest delay a native timer takes; longer ones are armed again. */
const MAX_NATIVE_DELAY_MS = 2 ** 31 - 1;
/** Native timers may fire a fraction of a millisecond early. */
const EARLY_MS = 0.5;

/** Wall-clock time, a monotonic clock and timers of the runtime. */
export class SystemClock implements Clock {
  readonly #calls = new PlannedCalls();
  #native: ReturnType<typeof setTimeout> | undefined;
  #nativeDueMs = Infinity;
  #firing = false;

  now(): number {
    return Date.now();
  }

  monotonic(): number {
    return performance.now();
  }

  after(ms: number, fn: () => void): Cancel {
    const cancel = this.#calls.plan(performance.now() + (ms > 0 ? ms : 0), fn);
    this.#arm();
    return () => {
      cancel();
      this.#arm();
    };
  }

  #arm(): void {
    // Once for all that the calls plan and cancel, behind them.
    if (this.#firing) return;
    const next = this.#calls.nextDueMs;
    if (this.#native !== undefined) {
      // An earlier wake-up than needed is only kept when something is still planned: nothing planned must not keep
      // the process alive.
      if (next !== Infinity && this.#nativeDueMs <= next) return;
      clearTimeout(this.#native);
      this.#native = undefined;
    }
    if (next === Infinity) return;
    const delayMs = Math.min(Math.max(Math.ceil(next - performance.now()), 0), MAX_NATIVE_DELAY_MS);
    this.#nativeDueMs = next;
    this.#native = setTimeout(() => this.#fire(), delayMs);
  }

  #fire(): void {
    this.#native = undefined;
    this.#nativeDueMs = Infinity;
    this.#firing = true;
    try {
      this.#calls.fireDue(performance.now() + EARLY_MS);
    } finally {
      // Also after a throwing call: the others must not be lost.
      this.#firing = false;
      this.#arm();
    }
  }
}
