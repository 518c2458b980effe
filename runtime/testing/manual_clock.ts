/**
 * A clock that stands still until a test moves it.
 *
 * @module
 */

import type { Cancel, Clock } from "../seams/clock.ts";
import { InvalidProgramError } from "../errors.ts";

interface Planned {
  readonly at: number;
  readonly order: number;
  readonly fn: () => void;
}

/**
 * The Clock seam under a test's control. Calls fire in order of time, those of equal time in order of registration.
 *
 * @example
 * ```ts
 * import { ManualClock } from "tsflink/testing";
 *
 * const clock = new ManualClock();
 * const seen: number[] = [];
 * clock.after(50, () => seen.push(clock.now()));
 * clock.after(20, () => seen.push(clock.now()));
 * clock.advance(100);
 * console.assert(seen.join() === "20,50" && clock.now() === 100);
 * ```
 */
export class ManualClock implements Clock {
  #now: number;
  #monotonic = 0;
  #order = 0;
  /** Sorted by time, then order. */
  #planned: Planned[] = [];

  /** A clock that stands still until it is moved. @param startMs The first time, in ms since the epoch. Default 0. */
  constructor(startMs = 0) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }
  monotonic(): number {
    return this.#monotonic;
  }
  /** Plans a call `ms` from now; one of 0 or less is due at the next move of the clock. */
  after(ms: number, fn: () => void): Cancel {
    return this.at(this.#now + Math.max(ms, 0), fn);
  }
  /** Plans a call at a time; a time that is over already is due at the next move of the clock. */
  at(timestamp: number, fn: () => void): Cancel {
    const planned: Planned = { at: timestamp, order: this.#order++, fn };
    let place = this.#planned.length;
    while (place > 0 && this.#planned[place - 1].at > timestamp) place--;
    this.#planned.splice(place, 0, planned);
    return () => {
      const index = this.#planned.indexOf(planned);
      if (index >= 0) this.#planned.splice(index, 1);
    };
  }

  /** Number of planned calls. */
  get pending(): number {
    return this.#planned.length;
  }
  /** Time of the next planned call; undefined when there is none. */
  get nextAt(): number | undefined {
    return this.#planned[0]?.at;
  }

  /** Moves on by `ms`, see {@link advanceTo}. */
  advance(ms: number): void {
    this.advanceTo(this.#now + ms);
  }
  /**
   * Moves on to `timestamp`, stopping at every planned call on the way: each sees its own time.
   *
   * @throws InvalidProgramError TSF-2040 when the time would go back.
   */
  advanceTo(timestamp: number): void {
    this.#checkForward(timestamp);
    for (let next = this.#planned[0]; next !== undefined && next.at <= timestamp; next = this.#planned[0]) {
      this.#planned.shift();
      this.#set(Math.max(next.at, this.#now));
      next.fn();
    }
    this.#set(timestamp);
  }
  /** Jumps to `timestamp` first and then makes the calls that are due: all see the new time (a task that was busy). */
  jumpTo(timestamp: number): void {
    this.#checkForward(timestamp);
    this.#set(timestamp);
    this.runDue();
  }
  /** Makes the calls that are due now; false when there was none. */
  runDue(): boolean {
    const due = this.#planned.length > 0 && this.#planned[0].at <= this.#now;
    while (this.#planned.length > 0 && this.#planned[0].at <= this.#now) this.#planned.shift()!.fn();
    return due;
  }
  /** Sets the time of day, back too, as an operator of a machine may; planned calls keep their times. */
  setWallClock(timestamp: number): void {
    this.#now = timestamp;
  }

  #set(timestamp: number): void {
    this.#monotonic += timestamp - this.#now;
    this.#now = timestamp;
  }
  #checkForward(timestamp: number): void {
    if (timestamp >= this.#now) return;
    throw new InvalidProgramError("TSF-2040", "A manual clock does not go back", {
      expected: `a time from ${this.#now}`,
      found: String(timestamp),
      hint: "Use setWallClock() to test a clock that was set back.",
    });
  }
}
