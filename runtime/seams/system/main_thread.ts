/**
 * "Run soon" over the runtime's immediates. While posted calls follow each other without a pause, sockets are hardly
 * ever polled (see event_loop_turn.ts); so after some milliseconds of such work they get their turn. Made by
 * system_seams.ts.
 *
 * @module
 */

import type { MainThread } from "../main_thread.ts";
import { afterSocketPoll, afterTurn } from "./event_loop_turn.ts";

/** Longest stretch of posted work before sockets are polled. */
const BUSY_LIMIT_MS = 5;

/** Posted calls in order, each at most once per turn of the event loop. */
export class SystemMainThread implements MainThread {
  #queue: (() => void)[] = [];
  #scheduled = false;
  #running = false;
  /** When sockets had their last turn, as far as known. */
  #polledMs = 0;

  post(fn: () => void): void {
    this.#queue.push(fn);
    if (this.#scheduled) return;
    this.#scheduled = true;
    if (this.#running) return; // #run schedules the next turn itself
    // Called from a timer, a socket or a promise of one: the runtime has just polled.
    this.#polledMs = performance.now();
    afterTurn(() => this.#run());
  }

  #run(): void {
    const queue = this.#queue;
    this.#queue = [];
    this.#scheduled = false;
    this.#running = true;
    const startMs = performance.now();
    let next = 0;
    try {
      // Only what was posted before this turn, and not for ever.
      while (next < queue.length) {
        queue[next++]();
        if (next < queue.length && performance.now() - startMs > BUSY_LIMIT_MS) break;
      }
    } finally {
      // Also after a throwing call: the others must not be lost.
      this.#running = false;
      if (next < queue.length) this.#queue = [...queue.slice(next), ...this.#queue];
      if (this.#queue.length > 0) {
        this.#scheduled = true;
        this.#scheduleNext();
      }
    }
  }

  #scheduleNext(): void {
    if (performance.now() - this.#polledMs < BUSY_LIMIT_MS) {
      afterTurn(() => this.#run());
      return;
    }
    afterSocketPoll(() => {
      this.#polledMs = performance.now();
      this.#run();
    });
  }
}
