/**
 * How a slot sleeps: on one word of shared memory, its doorbell, which everything that has something for the slot bumps.
 *
 * @module
 */

/** The doorbell of one slot. */
export interface Parker {
  /** What {@link park} compares with: read before looking for work. */
  ticket(): number;
  /**
   * Sleeps until the doorbell has moved on from `ticket`, or `timeoutMs` are over; returns at once when it has already.
   *
   * @param blocking Sleep in the thread itself: cheaper, but nothing asynchronous goes on meanwhile.
   */
  park(ticket: number, timeoutMs: number, blocking: boolean): void | Promise<void>;
  /** Moves the doorbell on and wakes the slot if it sleeps. Callable from any thread. */
  wake(): void;
}
