/**
 * The panes in flight: those that wait for the end of their window, and those that wait to be dropped.
 *
 * Invariant: both lists are in order of time; a pane is in one of them. Used by pane_windows.ts.
 *
 * @module
 */

import type { TimeWindow } from "../../functions/windowing/time_window.ts";
import { Pane } from "./pane.ts";

/** See the header. */
export class PaneList {
  /** By the end of the window. */
  readonly #waiting: Pane[] = [];
  /** By the time of the cleanup. */
  readonly #over: Pane[] = [];
  /** By end, then start. */
  readonly #byEnd = new Map<number, Pane[]>();
  /** How many keys the last pane had that was dropped: the next ones are made for as many. */
  #expectedKeys = 0;

  get isEmpty(): boolean {
    return this.#waiting.length === 0 && this.#over.length === 0;
  }

  find({ start, end }: TimeWindow): Pane | undefined {
    return this.#byEnd.get(end)?.find((pane) => pane.window.start === start);
  }

  add(window: TimeWindow, cleanupTime: number): Pane {
    const pane = new Pane(window, cleanupTime, this.#expectedKeys);
    const sameEnd = this.#byEnd.get(window.end);
    if (sameEnd === undefined) this.#byEnd.set(window.end, [pane]);
    else sameEnd.push(pane);
    insertSorted(this.#waiting, pane);
    return pane;
  }

  /** A pane has got a timer for its end. */
  expect(pane: Pane): void {
    const at = this.#over.indexOf(pane);
    if (at < 0) return;
    this.#over.splice(at, 1);
    insertSorted(this.#waiting, pane);
  }

  /** The next time at which something fires or is dropped; Infinity when there is none. */
  nextTime(): number {
    const waiting = this.#waiting.length > 0 ? this.#waiting[0].maxTimestamp : Infinity;
    return this.#over.length > 0 ? Math.min(waiting, this.#over[0].cleanupTime) : waiting;
  }

  /** The first pane whose end has come. */
  due(until: number): Pane | undefined {
    const pane = this.#waiting[0];
    return pane !== undefined && pane.maxTimestamp <= until ? pane : undefined;
  }

  /** All keys of the {@link due} pane have fired. */
  fired(pane: Pane, isOver: boolean): void {
    this.#waiting.shift();
    if (isOver) this.#forget(pane);
    else insertSorted(this.#over, pane);
  }

  /** Drops what may be dropped; true when it was anything. */
  dropUntil(time: number): boolean {
    const over = this.#over;
    let count = 0;
    while (count < over.length && over[count].cleanupTime <= time) this.#forget(over[count++]);
    if (count > 0) over.splice(0, count);
    return count > 0;
  }

  all(): readonly Pane[] {
    return [...this.#waiting, ...this.#over];
  }

  #forget(pane: Pane): void {
    const { end } = pane.window;
    const rest = this.#byEnd.get(end)!.filter((other) => other !== pane);
    if (rest.length === 0) this.#byEnd.delete(end);
    else this.#byEnd.set(end, rest);
    this.#expectedKeys = pane.size;
  }
}

/** Most panes belong at the end. */
function insertSorted(panes: Pane[], pane: Pane): void {
  let at = panes.length;
  while (at > 0 && panes[at - 1].maxTimestamp > pane.maxTimestamp) at--;
  panes.splice(at, 0, pane);
}
