/**
 * How much one step of a task may do: so many elements and so much time, as long as no mail waits and no output is full.
 *
 * The clock is looked at as rarely as the pace of the step, and before its first look that of the step before, allows:
 * looking costs as much as a few cheap elements, and an expensive one may take all of the time. Loops over a batch do not even ask: they count {@link StepBudget.left} down
 * themselves while it is above {@link StepBudget.lookAt}; mail that arrives and an output that becomes full raise that mark
 * ({@link StepBudget.attend}).
 *
 * @module
 */

import type { Clock } from "../seams/clock.ts";
import type { RecordWriter } from "../network/record_writer.ts";
import type { Mailbox } from "./mailbox.ts";

/** Elements between two looks at the clock, at most: the next ones may be slow. */
const MAX_ROWS_PER_LOOK = 500;
/** Above any number of elements. */
const AT_ONCE = 0x3fffffff;

/** The time a step may take. */
export interface StepTime {
  readonly clock: Pick<Clock, "monotonic">;
  readonly limitMs: number;
}

/** How much a step may still do. */
export class StepBudget {
  /** Elements left of this step. */
  left = 0;
  /** Where {@link left} stands when {@link mayGoOn} has to be asked again; zero: at the end of the step. */
  lookAt = 0;
  #startMs = -Infinity;
  /** Elements that the step had no time for. */
  #tooMany = 0;
  /**
   * @param rows Elements a step may handle before mail and other tasks get their turn.
   * @param time Default: no limit.
   */
  constructor(
    readonly rows: number,
    readonly mailbox: Mailbox,
    readonly writers: readonly RecordWriter[],
    readonly time?: StepTime,
  ) {}

  refill(): void {
    const done = this.rows - this.left - this.#tooMany;
    this.left = this.rows;
    this.lookAt = this.#tooMany = 0;
    if (this.time === undefined) return;
    const { clock, limitMs } = this.time;
    const beforeMs = this.#startMs;
    this.#startMs = clock.monotonic();
    // What went on between the steps makes the pace look slower than it is: the first look comes too early, not too late.
    const fitting = ((done * limitMs) / (this.#startMs - beforeMs) / 4) | 0;
    this.lookAt = this.rows - Math.max(1, Math.min(fitting, MAX_ROWS_PER_LOOK, this.rows));
  }
  /** Makes loops ask before their next element. */
  attend(): void {
    this.lookAt = AT_ONCE;
  }
  /** Whether {@link proceed} would say yes. */
  get isOpen(): boolean {
    return this.left > 0 && !this.mailbox.hasMail && this.hasRoom;
  }
  /** Whether one more element may be handled now; counts it. */
  readonly proceed = (): boolean => {
    if (!this.mayGoOn()) return false;
    this.left--;
    return true;
  };
  /** As {@link proceed}, but counts nothing: afterwards {@link left} is above {@link lookAt}. */
  mayGoOn(): boolean {
    if (!this.isOpen) return false;
    if (this.left > this.lookAt) return true;
    if (this.time === undefined) this.lookAt = 0;
    else if (!this.#hasTime(this.time)) {
      this.#tooMany = this.left;
      this.left = 0;
      return false;
    }
    return true;
  }
  get hasRoom(): boolean {
    for (let i = 0; i < this.writers.length; i++) if (!this.writers[i].options.partition.hasRoom) return false;
    return true;
  }
  get isUsedUp(): boolean {
    return this.left <= 0;
  }

  /** Plans the next look for when the time will be over at the pace so far, though not after twice as many elements. */
  #hasTime({ clock, limitMs }: StepTime): boolean {
    const takenMs = clock.monotonic() - this.#startMs;
    const done = this.rows - this.left;
    const expected = takenMs > 0 ? Math.ceil(done * (limitMs - takenMs) / takenMs) : done;
    this.lookAt = Math.max(0, this.left - Math.max(1, Math.min(expected, done, MAX_ROWS_PER_LOOK)));
    return takenMs < limitMs;
  }
}
