/**
 * The sessions in flight of all keys: rows of start, end, content and timer; the sessions of a key are a list.
 *
 * Invariants: sessions of one key do not touch; a session has one entry in the heap that counts, at or before the time at
 * which it has to be looked at next, so that a session that grows does not touch the heap; entries that do not count any
 * more are thrown away when they come up. Owned by session_windows.ts; generated code (window_cursor.ts) makes sessions
 * longer, which schedules nothing.
 *
 * @module
 */

import type { CanonicalKey, KeyContext } from "../../state/key_context.ts";
import { ownKey } from "../../types/canonical_key.ts";
import type { Key } from "../../types/key.ts";
import { TimeHeap } from "../timers/time_heap.ts";
import { KeyIndex } from "./key_index.ts";

/** No session. */
export const NONE = -1;
/** Numbers of a row in {@link SessionStore.spans}. */
const WIDTH = 4;
const INITIAL_ROWS = 16;

/** See the header. */
export class SessionStore {
  /** Start, end, order of the timer and next session of the same key, row by row: a record needs them all. */
  spans: Float64Array = new Float64Array(WIDTH * INITIAL_ROWS);
  readonly values: unknown[] = [];
  readonly keys: Key[] = [];
  /** Whether it has a timer at its end; else only that of its cleanup, the lateness after it. */
  readonly isWaiting: boolean[] = [];
  /** Order of the next timer. */
  nextOrder = 0;
  readonly index: KeyIndex = new KeyIndex();
  readonly #canonicals: CanonicalKey[] = [];
  /** The entry in the heap that counts; NaN as time of a free row. */
  readonly #entryTimes: number[] = [];
  readonly #entryOrders: number[] = [];
  readonly #free: number[] = [];
  readonly #heap = new TimeHeap();
  readonly #latenessMs: number;

  constructor(latenessMs: number) {
    this.#latenessMs = latenessMs;
  }

  /** The first session of a key, or {@link NONE}. */
  first(key: CanonicalKey): number {
    return this.index.get(key);
  }
  /** Whether it is the first one of its key. */
  isFirst(row: number): boolean {
    return this.index.get(this.#canonicals[row]) === row;
  }
  start(row: number): number {
    return this.spans[WIDTH * row];
  }
  end(row: number): number {
    return this.spans[WIDTH * row + 1];
  }
  setSpan(row: number, start: number, end: number): void {
    this.spans[WIDTH * row] = start;
    this.spans[WIDTH * row + 1] = end;
  }
  /** Order of the timer at the end, or of the last one it had. */
  order(row: number): number {
    return this.spans[WIDTH * row + 2];
  }
  setOrder(row: number, order: number): void {
    this.spans[WIDTH * row + 2] = order;
  }
  /** The next session of the same key. */
  next(row: number): number {
    return this.spans[WIDTH * row + 3];
  }
  #setNext(row: number, next: number): void {
    this.spans[WIDTH * row + 3] = next;
  }

  /** Adds a session of the current key. @throws InvalidProgramError TSF-2116 when the key is another subtask's. */
  add(context: KeyContext, canonical: CanonicalKey, start: number, end: number): number {
    // Asks for the key group only for its check.
    void context.keyGroup;
    const row = this.#free.length > 0 ? this.#free.pop()! : this.values.length;
    if (WIDTH * row === this.spans.length) {
      const spans = new Float64Array(2 * this.spans.length);
      spans.set(this.spans);
      this.spans = spans;
    }
    this.setSpan(row, start, end);
    this.setOrder(row, NONE);
    this.values[row] = undefined;
    this.isWaiting[row] = false;
    this.#entryTimes[row] = NaN;
    this.#entryOrders[row] = NONE;
    const first = this.index.get(canonical);
    if (first === NONE) {
      const key = this.keys[row] = ownKey(context.key);
      this.#canonicals[row] = typeof canonical === "string" && canonical === context.key ? key as string : canonical;
      this.#setNext(row, NONE);
      this.index.add(canonical, row);
    } else {
      this.keys[row] = this.keys[first];
      this.#canonicals[row] = this.#canonicals[first];
      this.#setNext(row, this.next(first));
      this.#setNext(first, row);
    }
    return row;
  }

  remove(row: number): void {
    const canonical = this.#canonicals[row];
    const first = this.index.get(canonical);
    if (first !== row) {
      let before = first;
      while (this.next(before) !== row) before = this.next(before);
      this.#setNext(before, this.next(row));
    } else if (this.next(row) === NONE) {
      this.index.remove(canonical);
    } else {
      this.index.move(canonical, this.next(row));
    }
    this.#entryTimes[row] = NaN;
    this.values[row] = undefined;
    this.keys[row] = this.#canonicals[row] = "";
    this.#free.push(row);
  }

  /** Makes sure that the session comes up in time; called when its timer has changed. */
  schedule(row: number): void {
    const time = this.#timeOf(row);
    if (time >= this.#entryTimes[row]) return;
    this.#entryTimes[row] = time;
    this.#entryOrders[row] = this.order(row);
    this.#heap.push(time, this.order(row), row);
  }

  /** The time of the first entry, which may lie before that of the first session; Infinity when there is none. */
  get firstTime(): number {
    return this.#heap.firstTime;
  }

  /** The next session that has to fire or to be dropped by then, or {@link NONE}. */
  due(until: number): number {
    const heap = this.#heap;
    while (heap.firstTime <= until) {
      const time = heap.firstTime;
      const order = heap.firstOrder;
      const row = heap.firstSlot;
      if (this.#entryTimes[row] !== time || this.#entryOrders[row] !== order) {
        heap.pop();
        continue;
      }
      const now = this.#timeOf(row);
      if (now === time && this.order(row) === order) return row;
      this.#entryTimes[row] = now;
      this.#entryOrders[row] = this.order(row);
      heap.replaceFirst(now, this.order(row), row);
    }
    return NONE;
  }

  /** Rows in use. */
  *rows(): Generator<number, undefined> {
    for (let row = 0; row < this.values.length; row++) if (!Number.isNaN(this.#entryTimes[row])) yield row;
  }

  #timeOf(row: number): number {
    return this.end(row) - 1 + (this.isWaiting[row] ? 0 : this.#latenessMs);
  }
}
