/**
 * Knows which call of user code is running in an operator, so that a handle used after its call fails instead of acting
 * on another key. Every handle given to user code remembers the number of its call.
 *
 * Invariants: one call at a time per operator; numbers are never used twice.
 * Who calls: collector.ts, process_context.ts, runtime_context.ts and the operators around user code.
 *
 * @module
 */

import { JobExecutionError, type OperatorReference, userFrame } from "../errors.ts";

/** In place of a call number: any running call will do (handles fetched in `open`). */
export const ANY_CALL = -1;

/** The calls of user code of one operator instance. */
export class CallScope {
  #current = 0;
  #last = 0;
  #hasKey = true;

  constructor(readonly operator: OperatorReference) {}

  /** Starts a call and gives its number. */
  enter(): number {
    this.#hasKey = true;
    return this.#current = ++this.#last;
  }
  /** Goes on with a call whose work is drawn lazily (a generator). */
  reenter(call: number): void {
    this.#current = call;
  }
  /** Says whether the running call has a key; the broadcast side has none though a key of an earlier call is set. */
  setHasKey(hasKey: boolean): void {
    this.#hasKey = hasKey;
  }
  /** Ends the call. */
  exit(): void {
    this.#current = 0;
  }
  /** True while that call (or, with {@link ANY_CALL}, any call) runs. */
  isOpen(call: number): boolean {
    return call === ANY_CALL ? this.#current !== 0 : call === this.#current;
  }
  /** {@link isOpen} and the call has a key. */
  isOpenWithKey(call: number): boolean {
    return this.#hasKey && this.isOpen(call);
  }
  /** @throws JobExecutionError TSF-2003 when the call is over. */
  check(call: number, what: string): void {
    if (!this.isOpen(call)) throw this.#late(what);
  }
  /** {@link check} for handles that act on the current key. */
  checkKeyed(call: number, what: string): void {
    this.check(call, what);
    if (this.#hasKey) return;
    throw new JobExecutionError("TSF-2003", `${what} was used where no key is current`, {
      expected: "a call that belongs to a key: processElement() or onTimer()",
      found: "processBroadcastElement(), which belongs to no key",
      operator: this.operator,
      userLine: userFrame(new Error().stack),
      hint: "Use ctx.applyToKeyedState(descriptor, fn) to reach the state of every key.",
    });
  }

  #late(what: string): JobExecutionError {
    return new JobExecutionError("TSF-2003", `${what} was used outside the call it was given to`, {
      expected: "use during the call of the function that received it, with its key current",
      found: this.#current === 0 ? "no call is running" : "another call is running",
      operator: this.operator,
      userLine: userFrame(new Error().stack),
      hint: "Do not keep it in a field and do not use it after an await or in a callback; keep data in state instead.",
    });
  }
}
