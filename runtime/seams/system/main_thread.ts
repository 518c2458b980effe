/**
 * "Run soon" over the runtime's immediates. While posted calls follow each other without a pause, the runtime polls
 * its sockets only every 61st turn; so after some milliseconds of such work a run of empty turns lets sockets and
 * timers in (about 0.1 ms, where a zero timer costs 2 ms). Made by system_seams.ts.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import type { MainThread } from "../main_thread.ts";

/** Longest stretch of posted work before sockets are polled. */
const BUSY_LIMIT_MS = 5;
/** Turns after which the runtime polls its sockets. */
const TURNS_PER_POLL = 61;

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
    setImmediate(() => this.#run());
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
      setImmediate(() => this.#run());
      return;
    }
    let left = TURNS_PER_POLL;
    const turn = (): void => {
      if (--left > 0) {
        setImmediate(turn);
        return;
      }
      this.#polledMs = performance.now();
      this.#run();
    };
    setImmediate(turn);
  }
}
