/**
 * The loop of a slot in a thread of its own: takes in what other slots have sent, makes due calls, runs what was posted,
 * sends out, and sleeps on the slot's doorbell when there was nothing to do.
 *
 * How it gives way to the runtime's event loop: promise callbacks get a chance after every turn, and run to their end
 * before the slot sleeps. Sockets get theirs every `busyLimitMs` while some task depends on the outside, else every
 * `maxParkMs`. Only a slot without such a task blocks its thread when it sleeps.
 *
 * Invariant: the doorbell is read before work is looked for, so what arrives meanwhile ends the sleep at once.
 *
 * @module
 */

import type { Parker } from "../../seams/parker.ts";
import type { SlotClock } from "./slot_clock.ts";
import type { SlotQueue } from "./slot_queue.ts";

/** What a loop drives. */
export interface SlotLoopOptions {
  readonly clock: Pick<SlotClock, "monotonic" | "fireDue" | "nextInMs">;
  readonly queue: SlotQueue;
  /** Queue and clock ring it too, for what promise callbacks post and plan while the slot sleeps. */
  readonly parker: Parker;
  /** Takes in what has arrived; whether anything had. */
  readonly poll: () => boolean;
  /** Sends out what it can; false when something must wait until a peer makes room. */
  readonly flush: () => boolean;
  /** Whether some task depends on promises of the outside. */
  readonly isAsync: () => boolean;
  /** Called first in every turn, at least every `maxParkMs`. */
  readonly onTurn: () => void;
  /** Lets promise callbacks run to their end and, if asked for, sockets be polled; see system/event_loop_turn.ts. */
  readonly letEventLoopRun: (pollsSockets: boolean) => Promise<void>;
  /** Longest sleep. Default 100. */
  readonly maxParkMs?: number;
  /** Longest time between two polls of sockets that a task waits for. Default 5. */
  readonly busyLimitMs?: number;
  /** Longest sleep while something waits to be sent. Default 10. */
  readonly flushRetryMs?: number;
}

/** A sleep of at least this let the runtime wait for its sockets, too. */
const REAL_WAIT_MS = 1;

/** See the module. */
export class SlotLoop {
  readonly #options: Required<SlotLoopOptions>;
  #isStopped = false;
  #hasFlushed = true;
  /** When sockets were polled last. */
  #polledMs = 0;

  constructor(options: SlotLoopOptions) {
    this.#options = { maxParkMs: 100, busyLimitMs: 5, flushRetryMs: 10, ...options };
  }

  /** Runs until {@link stop}; rejects with what polling, a planned or a posted call throws. */
  async run(): Promise<void> {
    const { parker, clock, letEventLoopRun } = this.#options;
    this.#polledMs = clock.monotonic();
    // Whether all promise callbacks have run since something was done: those under way may be about to post.
    let isSettled = false;
    for (;;) {
      const ticket = parker.ticket();
      const worked = this.#turn();
      if (this.#isStopped) return;
      if (worked) isSettled = false;
      if (this.#mustPollSockets()) {
        await letEventLoopRun(true);
        this.#polledMs = clock.monotonic();
        isSettled = true;
      } else if (worked) {
        await undefined;
      } else if (!isSettled) {
        await letEventLoopRun(false);
        isSettled = true;
      } else {
        const parked = this.#park(ticket);
        if (parked === undefined) continue;
        await parked;
        isSettled = false;
      }
      if (this.#isStopped) return;
    }
  }

  /** Ends {@link run} after the turn it is in; callable from the slot's thread only. */
  stop(): void {
    this.#isStopped = true;
    this.#options.parker.wake();
  }

  /** One look at everything; whether anything was done or has come up. */
  #turn(): boolean {
    const { onTurn, poll, clock, queue, flush } = this.#options;
    onTurn();
    let worked = poll();
    if (clock.fireDue()) worked = true;
    if (queue.run()) worked = true;
    this.#hasFlushed = flush();
    return worked || !queue.isEmpty;
  }

  #mustPollSockets(): boolean {
    const { clock, isAsync, busyLimitMs, maxParkMs } = this.#options;
    const sinceMs = clock.monotonic() - this.#polledMs;
    return sinceMs >= busyLimitMs && (sinceMs >= maxParkMs || isAsync());
  }

  #park(ticket: number): void | Promise<void> {
    const { parker, clock, isAsync, maxParkMs, flushRetryMs } = this.#options;
    const limitMs = this.#hasFlushed ? maxParkMs : Math.min(flushRetryMs, maxParkMs);
    const parkMs = Math.min(clock.nextInMs() ?? limitMs, limitMs);
    if (parkMs <= 0) return;
    const blocking = !isAsync();
    const startMs = clock.monotonic();
    const parked = parker.park(ticket, parkMs, blocking);
    if (parked === undefined) return;
    return parked.then(() => {
      const nowMs = clock.monotonic();
      if (nowMs - startMs >= REAL_WAIT_MS) this.#polledMs = nowMs;
    });
  }
}
