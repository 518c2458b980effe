/**
 * Processing time of one task: timers of the clock, delivered as mail.
 *
 * @module
 */

import type { ProcessingTimeService } from "../operators/operator.ts";
import type { Cancel, Clock } from "../seams/clock.ts";
import type { Mailbox } from "./mailbox.ts";

/** The {@link ProcessingTimeService} of a running task. */
export class TaskProcessingTime implements ProcessingTimeService {
  readonly #clock: Clock;
  readonly #mailbox: Mailbox;
  readonly #pending = new Set<Cancel>();
  #closed = false;

  constructor(clock: Clock, mailbox: Mailbox) {
    this.#clock = clock;
    this.#mailbox = mailbox;
  }

  now(): number {
    return this.#clock.now();
  }

  registerTimer(timestamp: number, callback: (timestamp: number) => void): Cancel {
    if (this.#closed) return () => {};
    let live = true;
    const now = this.#clock.now();
    // One millisecond late, as in Flink: a record of the last millisecond of a window must not reopen it.
    const cancelClock = this.#clock.after(timestamp >= now ? timestamp - now + 1 : 0, () => {
      this.#pending.delete(cancel);
      this.#mailbox.post(() => {
        if (live && !this.#closed) callback(timestamp);
      });
    });
    const cancel = () => {
      live = false;
      this.#pending.delete(cancel);
      cancelClock();
    };
    this.#pending.add(cancel);
    return cancel;
  }

  /** Cancels what is left; later registrations do nothing. */
  close(): void {
    this.#closed = true;
    for (const cancel of [...this.#pending]) cancel();
  }
}
