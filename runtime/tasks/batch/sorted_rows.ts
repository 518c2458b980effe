/**
 * Rows in order of key, then timestamp, then arrival: how they are compared, and how several sources of them become one.
 *
 * Keys are compared in their canonical form, so that equal keys are one. The order of different keys means nothing to
 * users; it is that of Flink's serialized keys where that is sensible: numbers by value, texts by length first.
 *
 * Callers: the parts of a sort (sort_segment.ts, sorted_run.ts, external_sorter.ts) and the inputs of BATCH tasks.
 *
 * @module
 */

import type { CanonicalKey } from "../../state/key_context.ts";

/** Walks over sorted rows. */
export interface SortedRows {
  /** Of the current row. */
  readonly key: CanonicalKey;
  readonly timestamp: number;
  readonly value: unknown;
  /** About what a row takes in encoded form; for limits of blocks. */
  readonly rowBytes: number;
  /** Goes to the first row, then to the next one; false when there is none. */
  next(): boolean;
  /** Lets go of files; also before the end. */
  close(): void;
}

/** Order of keys of different types. */
const RANKS: Readonly<Record<string, number>> = { boolean: 0, number: 1, bigint: 2, string: 3 };

/** Negative, 0 or positive; 0 exactly for equal keys. */
export function compareKeys(a: CanonicalKey, b: CanonicalKey): number {
  if (a === b) return 0;
  const type = typeof a;
  const other = typeof b;
  if (type !== other) return RANKS[type] - RANKS[other];
  if (type === "string") {
    const shorter = (a as string).length - (b as string).length;
    return shorter !== 0 ? shorter : a < b ? -1 : 1;
  }
  if (type === "number") {
    // NaN is a key, too: the last number.
    if (a !== a) return b !== b ? 0 : 1;
    if (b !== b) return -1;
  }
  return a < b ? -1 : 1;
}

/** Several sources as one. Of equal rows those of the source that comes first in the list come first. */
export function mergedRows(sources: readonly SortedRows[]): SortedRows {
  return sources.length === 1 ? sources[0] : new MergedRows(sources);
}

const NO_KEY: CanonicalKey = "";

class MergedRows implements SortedRows {
  readonly #sources: readonly SortedRows[];
  /** Indexes of the sources that have a current row, as a binary heap. */
  readonly #heap: Int32Array;
  #size = 0;
  #isStarted = false;
  key: CanonicalKey = NO_KEY;
  timestamp = 0;
  value: unknown;
  rowBytes = 0;

  constructor(sources: readonly SortedRows[]) {
    this.#sources = sources;
    this.#heap = new Int32Array(sources.length);
  }

  next(): boolean {
    if (!this.#isStarted) this.#start();
    else if (this.#size > 0) this.#advanceHead();
    if (this.#size === 0) {
      this.value = undefined;
      return false;
    }
    const head = this.#sources[this.#heap[0]];
    this.key = head.key;
    this.timestamp = head.timestamp;
    this.value = head.value;
    this.rowBytes = head.rowBytes;
    return true;
  }

  close(): void {
    for (const source of this.#sources) source.close();
  }

  #start(): void {
    this.#isStarted = true;
    for (let i = 0; i < this.#sources.length; i++) if (this.#sources[i].next()) this.#heap[this.#size++] = i;
    for (let at = (this.#size >> 1) - 1; at >= 0; at--) this.#sink(at);
  }

  #advanceHead(): void {
    if (!this.#sources[this.#heap[0]].next()) this.#heap[0] = this.#heap[--this.#size];
    if (this.#size > 1) this.#sink(0);
  }

  #sink(from: number): void {
    const heap = this.#heap;
    const moved = heap[from];
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#size) break;
      if (child + 1 < this.#size && this.#isBefore(heap[child + 1], heap[child])) child++;
      if (!this.#isBefore(heap[child], moved)) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = moved;
  }

  #isBefore(left: number, right: number): boolean {
    const a = this.#sources[left];
    const b = this.#sources[right];
    const byKey = compareKeys(a.key, b.key);
    if (byKey !== 0) return byKey < 0;
    if (a.timestamp !== b.timestamp) return a.timestamp < b.timestamp;
    return left < right;
  }
}
