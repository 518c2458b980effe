/**
 * One window with all its keys: dense rows of key, content and timer.
 *
 * Invariants: rows are in order of arrival and are only added. The order of a row is that in which its timer was set,
 * {@link NO_TIMER} when it has none; `inOrder` says that rows with a timer lie in the order of their timers. A pane whose
 * windows take no late records drops a row when its timer fires: there a row without timer is gone. Owned by
 * pane_windows.ts.
 *
 * @module
 */

import { TIME_WINDOW_CODEC, type TimeWindow } from "../../functions/windowing/time_window.ts";
import type { CanonicalKey, KeyContext } from "../../state/key_context.ts";
import { ownKey } from "../../types/canonical_key.ts";
import type { Key } from "../../types/key.ts";
import { KeyIndex } from "./key_index.ts";

/** Order of a row that has no timer. */
export const NO_TIMER = -1;

/** See the header. */
export class Pane {
  readonly namespace: string;
  readonly maxTimestamp: number;
  readonly index: KeyIndex;
  readonly keys: Key[] = [];
  readonly values: unknown[] = [];
  readonly orders: number[] = [];
  inOrder = true;
  /** Whether all rows have a timer; not looked after any more once one had none. */
  hasAllTimers = true;
  /** Rows in the order of their timers, made when firing starts where they do not lie in it. */
  #due: Int32Array | undefined;
  /** How many rows of the firing order are done. */
  #done = 0;
  #lastOrder = NO_TIMER;

  /** @param cleanupTime When it is dropped, at or after its end. */
  constructor(readonly window: TimeWindow, readonly cleanupTime: number, expected: number) {
    this.namespace = TIME_WINDOW_CODEC.toNamespace(this.window);
    this.maxTimestamp = this.window.maxTimestamp();
    this.index = new KeyIndex(expected);
  }

  get size(): number {
    return this.values.length;
  }

  /** Adds a row for the current key. @throws InvalidProgramError TSF-2116 when the key belongs to another subtask. */
  insert(context: KeyContext, canonical: CanonicalKey, value: unknown, order: number): number {
    // Asks for the key group only for its check.
    void context.keyGroup;
    const row = this.values.length;
    this.index.add(canonical, row);
    this.keys.push(ownKey(context.key));
    this.values.push(value);
    this.orders.push(order);
    if (order !== NO_TIMER) this.#timerAdded(order, order >= this.#lastOrder);
    else this.hasAllTimers = false;
    return row;
  }

  /** Gives a row a timer that it has not. */
  setTimer(row: number, order: number): void {
    this.orders[row] = order;
    this.#timerAdded(order, false);
  }

  /** The next row whose timer has to fire, or -1. */
  nextDue(): number {
    const { orders } = this;
    if (this.inOrder) {
      while (this.#done < orders.length && orders[this.#done] === NO_TIMER) this.#done++;
      return this.#done < orders.length ? this.#done : -1;
    }
    const due = this.#due ??= this.#sorted();
    while (this.#done < due.length && orders[due[this.#done]] === NO_TIMER) this.#done++;
    return this.#done < due.length ? due[this.#done] : -1;
  }

  #timerAdded(order: number, inOrder: boolean): void {
    this.#lastOrder = order;
    if (inOrder && this.inOrder) return;
    this.inOrder = false;
    this.#due = undefined;
    this.#done = 0;
  }

  #sorted(): Int32Array {
    const { orders } = this;
    const rows: number[] = [];
    for (let row = 0; row < orders.length; row++) if (orders[row] !== NO_TIMER) rows.push(row);
    return Int32Array.from(rows.sort((a, b) => orders[a] - orders[b] || a - b));
  }
}
