/**
 * Rows in memory that are sorted all at once. Rows are put into groups by key as they come; sorting orders the groups,
 * which are usually far fewer than the rows, and looks at timestamps only where they are not in order already.
 *
 * Invariant: a segment holds at most a few hundred thousand rows (its owner sees to it), so that sorting it holds its
 * slot up for a moment only.
 *
 * @module
 */

import type { CanonicalKey } from "../../state/key_context.ts";
import { compareKeys, type SortedRows } from "./sorted_rows.ts";

const FIRST_CAPACITY = 256;

/** See the module. */
export class SortSegment {
  readonly #values: unknown[] = [];
  #timestamps = new Float64Array(FIRST_CAPACITY);
  #groups = new Int32Array(FIRST_CAPACITY);
  readonly #keys: CanonicalKey[] = [];
  readonly #groupByKey = new Map<CanonicalKey, number>();
  #lastKey: CanonicalKey | undefined;
  #lastGroup = -1;
  /** About what the rows take in encoded form. */
  bytes = 0;

  get rows(): number {
    return this.#values.length;
  }

  add(key: CanonicalKey, value: unknown, timestamp: number): void {
    const row = this.#values.length;
    if (row === this.#timestamps.length) this.#grow();
    this.#values.push(value);
    this.#timestamps[row] = timestamp;
    this.#groups[row] = key === this.#lastKey ? this.#lastGroup : this.#groupOf(key);
  }

  /** The rows in order. Nothing is added afterwards. */
  sorted(): SortedRows {
    const { ranked, ends } = this.#rankedGroups();
    const order = new Int32Array(this.rows);
    const next = new Int32Array(ranked.length);
    ranked.forEach((group, rank) => next[group] = rank === 0 ? 0 : ends[rank - 1]);
    for (let row = 0; row < order.length; row++) order[next[this.#groups[row]]++] = row;
    for (let rank = 0; rank < ranked.length; rank++) {
      this.#sortByTime(order, rank === 0 ? 0 : ends[rank - 1], ends[rank]);
    }
    const keys = ranked.map((group) => this.#keys[group]);
    this.#groupByKey.clear();
    return new SegmentRows({
      values: this.#values,
      timestamps: this.#timestamps,
      order,
      keys,
      ends,
      rowBytes: this.bytes / Math.max(1, this.rows),
    });
  }

  #groupOf(key: CanonicalKey): number {
    let group = this.#groupByKey.get(key);
    if (group === undefined) {
      group = this.#keys.length;
      this.#keys.push(key);
      this.#groupByKey.set(key, group);
    }
    this.#lastKey = key;
    return this.#lastGroup = group;
  }

  #grow(): void {
    const capacity = this.#timestamps.length * 2;
    const timestamps = new Float64Array(capacity);
    timestamps.set(this.#timestamps);
    this.#timestamps = timestamps;
    const groups = new Int32Array(capacity);
    groups.set(this.#groups);
    this.#groups = groups;
  }

  /** Groups in the order of their keys, and by rank where their rows end. */
  #rankedGroups(): { readonly ranked: readonly number[]; readonly ends: Int32Array } {
    const keys = this.#keys;
    const counts = new Int32Array(keys.length);
    for (let row = 0; row < this.rows; row++) counts[this.#groups[row]]++;
    const ranked = Array.from(keys, (_, group) => group).sort((a, b) => compareKeys(keys[a], keys[b]));
    const ends = new Int32Array(keys.length);
    let end = 0;
    ranked.forEach((group, rank) => ends[rank] = end += counts[group]);
    return { ranked, ends };
  }

  #sortByTime(order: Int32Array, from: number, to: number): void {
    const timestamps = this.#timestamps;
    let at = from + 1;
    while (at < to && timestamps[order[at - 1]] <= timestamps[order[at]]) at++;
    if (at >= to) return;
    order.subarray(from, to).sort((a, b) => timestamps[a] - timestamps[b] || a - b);
  }
}

interface SegmentContent {
  readonly values: unknown[];
  readonly timestamps: Float64Array;
  /** Rows in order. */
  readonly order: Int32Array;
  readonly keys: readonly CanonicalKey[];
  /** By key, where its rows end in the order. */
  readonly ends: Int32Array;
  readonly rowBytes: number;
}

class SegmentRows implements SortedRows {
  #content: SegmentContent;
  #next = 0;
  #rank = 0;
  key: CanonicalKey = "";
  timestamp = 0;
  value: unknown;
  readonly rowBytes: number;

  constructor(content: SegmentContent) {
    this.#content = content;
    this.rowBytes = content.rowBytes;
  }

  next(): boolean {
    const { values, timestamps, order, keys, ends } = this.#content;
    if (this.#next === order.length) {
      this.close();
      return false;
    }
    while (this.#next === ends[this.#rank]) this.#rank++;
    const row = order[this.#next++];
    this.key = keys[this.#rank];
    this.timestamp = timestamps[row];
    this.value = values[row];
    // What was taken may go.
    values[row] = undefined;
    return true;
  }

  close(): void {
    this.value = undefined;
    this.#content = EMPTY;
    this.#next = 0;
  }
}

const EMPTY: SegmentContent = {
  values: [],
  timestamps: new Float64Array(0),
  order: new Int32Array(0),
  keys: [],
  ends: new Int32Array(0),
  rowBytes: 0,
};
