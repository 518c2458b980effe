/**
 * Turns of the runtime's event loop. Between two turns all promise callbacks run and timers get theirs; sockets are
 * polled only every 61st turn as long as the loop never parks, so a thread that has always something to do must ask for
 * a whole run of empty turns now and then (about 0.1 ms, where a zero timer costs 2 ms).
 *
 * Who calls: main_thread.ts, and the loop of a slot through its options.
 *
 * @module
 */

import { setImmediate } from "node:timers";

/** Turns after which the runtime polls its sockets. */
const TURNS_PER_POLL = 61;
/** So often a request over HTTP needs its socket polled: written, answered, read to its end. */
const POLLS_PER_REQUEST = 3;

/** Calls `fn` in the next turn. */
export function afterTurn(fn: () => void): void {
  setImmediate(fn);
}

/** Calls `fn` once sockets were polled that often. */
export function afterSocketPoll(fn: () => void, times = 1): void {
  let left = TURNS_PER_POLL * times;
  const turn = (): void => {
    if (--left > 0) setImmediate(turn);
    else fn();
  };
  setImmediate(turn);
}

/**
 * Gives way to the event loop: all promise callbacks under way run to their end.
 *
 * @param pollsSockets Whether sockets get their turn too, long enough for a request to come through (0.3 ms).
 */
export function letEventLoopRun(pollsSockets: boolean): Promise<void> {
  return new Promise((resolve) => {
    if (pollsSockets) afterSocketPoll(resolve, POLLS_PER_REQUEST);
    else afterTurn(resolve);
  });
}
