/**
 * Knows which call of user code is running in an operator, so that a handle used after its call fails instead of acting
 * on another key. Every handle given to user code remembers the number of its call.
 *
 * Invariants: one call at a time per operator; a number comes back only after two billion other calls, so that it stays a
 * small integer of V8.
 * Who calls: collector.ts, process_context.ts, runtime_context.ts and the operators around user code.
 *
 * @module
 */

import { JobExecutionError, type OperatorReference, userFrame } from "../errors.ts";

/** In place of a call number: any running call will do (handles fetched in `open`). */
export const ANY_CALL = -1;

/** After it the numbers start over. */
const LAST_CALL = 0x7fffffff;

/** The calls of user code of one operator instance. */
export class CallScope {
  /** Number of the running call, 0 between calls. Handles compare their own with it, for every use of them. */
  current = 0;
  /** The same, but 0 also while the call has no key. */
  keyed = 0;
  #last: number;

  /** @param last Number of the call before the first. */
  constructor(readonly operator: OperatorReference, last: number = 0) {
    this.#last = last;
  }

  /** Starts a call and gives its number. */
  enter(): number {
    const call = this.#last === LAST_CALL ? 1 : this.#last + 1;
    this.#last = call;
    this.keyed = call;
    return this.current = call;
  }
  /** Goes on with a call whose work is drawn lazily (a generator). */
  reenter(call: number): void {
    this.keyed = call;
    this.current = call;
  }
  /** Says whether the running call has a key; the broadcast side has none though a key of an earlier call is set. */
  setHasKey(hasKey: boolean): void {
    this.keyed = hasKey ? this.current : 0;
  }
  /** Ends the call. */
  exit(): void {
    this.keyed = 0;
    this.current = 0;
  }
  /** True while that call (or, with {@link ANY_CALL}, any call) runs. */
  isOpen(call: number): boolean {
    return call === ANY_CALL ? this.current !== 0 : call === this.current;
  }
  /** {@link isOpen} and the call has a key. */
  isOpenWithKey(call: number): boolean {
    return call === ANY_CALL ? this.keyed !== 0 : call === this.keyed;
  }
  /** @throws JobExecutionError TSF-2003 when the call is over. */
  check(call: number, what: string): void {
    if (!this.isOpen(call)) throw this.#late(what);
  }
  /** {@link check} for handles that act on the current key. */
  checkKeyed(call: number, what: string): void {
    this.check(call, what);
    if (this.keyed !== 0) return;
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
      found: this.current === 0 ? "no call is running" : "another call is running",
      operator: this.operator,
      userLine: userFrame(new Error().stack),
      hint: "Do not keep it in a field and do not use it after an await or in a callback; keep data in state instead.",
    });
  }
}
