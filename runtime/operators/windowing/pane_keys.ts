/**
 * The keys of one pane (a window or slice with all its keys): canonical key to dense row, rows in order of arrival.
 *
 * Integers go through an open-addressing table, everything else through Maps; rows are only added, because a pane is
 * dropped as a whole. Used by pane.ts and slice_store.ts.
 *
 * @module
 */

import { ownString } from "../../types/canonical_key.ts";
import type { CanonicalKey } from "../../state/key_context.ts";

const INITIAL_CAPACITY = 16;
/** 2^32 / golden ratio: spreads consecutive integers over the high bits. */
const SPREAD = 0x9e3779b1 | 0;
/** A Map ends at 2^24 entries. */
const MAP_LIMIT = 1 << 24;

/** See the header. */
export class PaneKeys {
  #capacity: number;
  #shift: number;
  /** Pairs of key and row + 1; row + 1 is 0 where a bucket is free. */
  #pairs: Int32Array;
  #ints = 0;
  readonly #maps: Map<CanonicalKey, number>[] = [];
  #size = 0;

  /** @param expected How many rows there will be, about. */
  constructor(expected: number = 0) {
    let capacity = INITIAL_CAPACITY;
    while (capacity * 3 < expected * 4) capacity *= 2;
    this.#capacity = capacity;
    this.#shift = 32 - Math.log2(capacity);
    this.#pairs = new Int32Array(capacity * 2);
  }

  /** Number of rows. */
  get size(): number {
    return this.#size;
  }

  /** The row of a key, or -1. */
  find(key: CanonicalKey): number {
    if (typeof key === "number" && (key | 0) === key) {
      const pairs = this.#pairs;
      const mask = this.#capacity - 1;
      for (let bucket = Math.imul(key, SPREAD) >>> this.#shift;; bucket = (bucket + 1) & mask) {
        const row = pairs[2 * bucket + 1];
        if (row === 0) return -1;
        if (pairs[2 * bucket] === key) return row - 1;
      }
    }
    return this.#findOther(key);
  }

  /** Adds a key that is not there; its row is the next one. */
  insert(key: CanonicalKey): number {
    const row = this.#size++;
    if (typeof key === "number" && (key | 0) === key) {
      if ((++this.#ints) * 4 > this.#capacity * 3) this.#grow();
      this.#place(key, row + 1);
    } else {
      let map = this.#maps[this.#maps.length - 1];
      if (map === undefined || map.size === MAP_LIMIT) this.#maps.push(map = new Map());
      map.set(typeof key === "string" ? ownString(key) : key, row);
    }
    return row;
  }

  #findOther(key: CanonicalKey): number {
    for (const map of this.#maps) {
      const row = map.get(key);
      if (row !== undefined) return row;
    }
    return -1;
  }

  #place(key: number, rowPlusOne: number): void {
    const pairs = this.#pairs;
    const mask = this.#capacity - 1;
    let bucket = Math.imul(key, SPREAD) >>> this.#shift;
    while (pairs[2 * bucket + 1] !== 0) bucket = (bucket + 1) & mask;
    pairs[2 * bucket] = key;
    pairs[2 * bucket + 1] = rowPlusOne;
  }

  #grow(): void {
    const old = this.#pairs;
    this.#capacity *= 2;
    this.#shift--;
    this.#pairs = new Int32Array(this.#capacity * 2);
    for (let i = 0; i < old.length; i += 2) {
      if (old[i + 1] !== 0) this.#place(old[i], old[i + 1]);
    }
  }
}
