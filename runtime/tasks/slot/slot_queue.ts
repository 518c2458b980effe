/**
 * "Run soon" on the thread of a slot. Who calls: slot_loop.ts runs it; everything in the slot posts to it, also from
 * promise callbacks while the slot sleeps.
 *
 * @module
 */

import type { MainThread } from "../../seams/main_thread.ts";

/** See the module. */
export class SlotQueue implements MainThread {
  readonly #onFirst: () => void;
  #calls: (() => void)[] = [];

  /** @param onFirst Called when something is posted to the empty queue: a slot that sleeps must wake up. */
  constructor(onFirst: () => void = () => {}) {
    this.#onFirst = onFirst;
  }

  get isEmpty(): boolean {
    return this.#calls.length === 0;
  }

  post(fn: () => void): void {
    if (this.#calls.push(fn) === 1) this.#onFirst();
  }

  /** Makes the calls posted before this; false when there were none. Those behind one that throws stay posted. */
  run(): boolean {
    if (this.#calls.length === 0) return false;
    const calls = this.#calls;
    this.#calls = [];
    let next = 0;
    try {
      while (next < calls.length) calls[next++]();
    } finally {
      if (next < calls.length) this.#calls = [...calls.slice(next), ...this.#calls];
    }
    return true;
  }
}
