/**
 * The windows that will fire, in order of their ends. Used by slice_windows.ts.
 *
 * @module
 */

import type { TimeWindow } from "../../../functions/windowing/time_window.ts";

/** See the header. */
export class WindowAgenda {
  #windows: TimeWindow[] = [];
  /** How many of the first ones are done. */
  #done = 0;

  /** End of the first one; Infinity when there is none. */
  get nextTime(): number {
    return this.#done < this.#windows.length ? this.#windows[this.#done].maxTimestamp() : Infinity;
  }

  /** Adds a window unless it is there. */
  add(window: TimeWindow): void {
    const windows = this.#windows;
    let low = this.#done;
    let high = windows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBefore(windows[middle], window)) low = middle + 1;
      else high = middle;
    }
    if (low < windows.length && windows[low].equals(window)) return;
    windows.splice(low, 0, window);
  }

  /** Takes the first one out if it ends by then. */
  take(until: number): TimeWindow | undefined {
    if (this.nextTime > until) return undefined;
    const window = this.#windows[this.#done++];
    if (this.#done * 2 > this.#windows.length) {
      this.#windows.splice(0, this.#done);
      this.#done = 0;
    }
    return window;
  }

  /** End of the last one; -Infinity when there is none. */
  lastTimestamp(): number {
    return this.#windows.at(-1)?.maxTimestamp() ?? -Infinity;
  }

  clear(): void {
    this.#windows = [];
    this.#done = 0;
  }
}

function isBefore(a: TimeWindow, b: TimeWindow): boolean {
  return a.end < b.end || (a.end === b.end && a.start < b.start);
}
