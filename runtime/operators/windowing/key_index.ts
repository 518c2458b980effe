/**
 * From canonical keys to row numbers. Integers go through an open-addressing table, everything else through Maps.
 *
 * Invariants: capacity is a power of two and at most 3/4 full; a removal shifts its followers back, so there are no
 * tombstones. Used by pane.ts, session_store.ts and slices/slice.ts.
 *
 * @module
 */

import type { CanonicalKey } from "../../state/key_context.ts";
import { ownString } from "../../types/canonical_key.ts";

const INITIAL_CAPACITY = 16;
/** 2^32 / golden ratio: spreads consecutive integers over the high bits. */
export const SPREAD: number = 0x9e3779b1 | 0;
/** A Map ends at 2^24 entries. */
const MAP_LIMIT = 1 << 24;

/** See the header. */
export class KeyIndex {
  mask: number;
  shift: number;
  /** Pairs of key and row + 1; row + 1 is 0 where a bucket is free. Read by generated code. */
  pairs: Int32Array;
  #ints = 0;
  readonly #maps: Map<CanonicalKey, number>[] = [];

  /** @param expected How many keys there will be, about. */
  constructor(expected: number = 0) {
    let capacity = INITIAL_CAPACITY;
    while (capacity * 3 < expected * 4) capacity *= 2;
    this.mask = capacity - 1;
    this.shift = 32 - Math.log2(capacity);
    this.pairs = new Int32Array(capacity * 2);
  }

  /** The row of a key, or -1. */
  get(key: CanonicalKey): number {
    if (typeof key === "number" && (key | 0) === key) {
      const pairs = this.pairs;
      const mask = this.mask;
      for (let bucket = Math.imul(key, SPREAD) >>> this.shift;; bucket = (bucket + 1) & mask) {
        const row = pairs[2 * bucket + 1];
        if (row === 0) return -1;
        if (pairs[2 * bucket] === key) return row - 1;
      }
    }
    return this.getOther(key);
  }

  /** {@link get} for a key that is no small integer; for generated code. */
  getOther(key: CanonicalKey): number {
    const maps = this.#maps;
    for (let i = 0; i < maps.length; i++) {
      const row = maps[i].get(key);
      if (row !== undefined) return row;
    }
    return -1;
  }

  /** Adds a key that is not there. */
  add(key: CanonicalKey, row: number): void {
    if (typeof key === "number" && (key | 0) === key) {
      if ((++this.#ints) * 4 > (this.mask + 1) * 3) this.#grow();
      this.#place(key, row + 1);
      return;
    }
    let map = this.#maps[this.#maps.length - 1];
    if (map === undefined || map.size === MAP_LIMIT) this.#maps.push(map = new Map());
    map.set(typeof key === "string" ? ownString(key) : key, row);
  }

  /** Gives a key that is there another row. */
  move(key: CanonicalKey, row: number): void {
    if (typeof key === "number" && (key | 0) === key) this.pairs[2 * this.#bucketOf(key) + 1] = row + 1;
    else this.#maps.find((map) => map.has(key))!.set(key, row);
  }

  /** Removes a key that is there. */
  remove(key: CanonicalKey): void {
    if (typeof key !== "number" || (key | 0) !== key) {
      this.#maps.find((map) => map.delete(key));
      return;
    }
    const pairs = this.pairs;
    const mask = this.mask;
    let hole = this.#bucketOf(key);
    for (let scan = (hole + 1) & mask; pairs[2 * scan + 1] !== 0; scan = (scan + 1) & mask) {
      const home = Math.imul(pairs[2 * scan], SPREAD) >>> this.shift;
      // The entry may move into the hole only when its home does not lie between the two.
      if (((scan - home) & mask) < ((scan - hole) & mask)) continue;
      pairs[2 * hole] = pairs[2 * scan];
      pairs[2 * hole + 1] = pairs[2 * scan + 1];
      hole = scan;
    }
    pairs[2 * hole + 1] = 0;
    this.#ints--;
  }

  #bucketOf(key: number): number {
    const pairs = this.pairs;
    let bucket = Math.imul(key, SPREAD) >>> this.shift;
    while (pairs[2 * bucket] !== key || pairs[2 * bucket + 1] === 0) bucket = (bucket + 1) & this.mask;
    return bucket;
  }

  #place(key: number, rowPlusOne: number): void {
    const pairs = this.pairs;
    const mask = this.mask;
    let bucket = Math.imul(key, SPREAD) >>> this.shift;
    while (pairs[2 * bucket + 1] !== 0) bucket = (bucket + 1) & mask;
    pairs[2 * bucket] = key;
    pairs[2 * bucket + 1] = rowPlusOne;
  }

  #grow(): void {
    const old = this.pairs;
    const capacity = (this.mask + 1) * 2;
    this.mask = capacity - 1;
    this.shift--;
    this.pairs = new Int32Array(capacity * 2);
    for (let i = 0; i < old.length; i += 2) {
      if (old[i + 1] !== 0) this.#place(old[i], old[i + 1]);
    }
  }
}
