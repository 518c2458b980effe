/**
 * An open-addressing index from 32-bit hashes to row numbers. Rows live elsewhere (dense arrays of a table); the caller
 * compares them. Hash and row lie side by side in one Int32Array, so a miss costs one cache line and a rehash touches
 * no row.
 *
 * Invariants: capacity is a power of two and at most 3/4 full; a removal shifts its followers back, so there are no
 * tombstones. Used by heap_table.ts and operators/timers/timer_queue.ts.
 *
 * @module
 */

const INITIAL_CAPACITY = 8;
/** 2^32 / golden ratio: spreads consecutive hashes over the high bits. */
const SPREAD = 0x9e3779b1 | 0;

/** Mixes two 32-bit hashes into one. */
export function mixHash(left: number, right: number): number {
  let h = Math.imul(left, 0x85ebca6b) ^ right;
  h ^= h >>> 15;
  return Math.imul(h, 0xc2b2ae35);
}

/** Hash of a namespace; 0 for the empty one. */
export function hashText(text: string): number {
  let h = 0;
  for (let i = 0; i < text.length; i++) h = Math.imul(h, 31) + text.charCodeAt(i) | 0;
  return h;
}

/** See the header. */
export class HashIndex {
  /** Pairs of hash and row + 1; row + 1 is 0 where a bucket is free. */
  #pairs = new Int32Array(INITIAL_CAPACITY * 2);
  #capacity = INITIAL_CAPACITY;
  #shift = 32 - Math.log2(INITIAL_CAPACITY);
  #size = 0;

  get byteLength(): number {
    return this.#pairs.byteLength;
  }

  /** First bucket that holds this hash, or -1. */
  first(hash: number): number {
    return this.#scan(Math.imul(hash, SPREAD) >>> this.#shift, hash);
  }

  /** The next bucket after `bucket` that holds this hash, or -1. */
  next(bucket: number, hash: number): number {
    return this.#scan((bucket + 1) & (this.#capacity - 1), hash);
  }

  /** The row in a bucket that {@link first} or {@link next} returned. */
  rowAt(bucket: number): number {
    return this.#pairs[2 * bucket + 1] - 1;
  }

  /** Adds a row; the caller knows that it is not there yet. */
  add(hash: number, row: number): void {
    if ((this.#size + 1) * 4 > this.#capacity * 3) this.#grow();
    this.#size++;
    this.#place(hash, row + 1);
  }

  /** Frees all buckets. */
  clear(): void {
    this.#pairs.fill(0);
    this.#size = 0;
  }

  /** Frees a bucket. */
  removeAt(bucket: number): void {
    const pairs = this.#pairs;
    const mask = this.#capacity - 1;
    let hole = bucket;
    let scan = bucket;
    for (;;) {
      scan = (scan + 1) & mask;
      const row = pairs[2 * scan + 1];
      if (row === 0) break;
      const home = Math.imul(pairs[2 * scan], SPREAD) >>> this.#shift;
      // The entry may move into the hole only when its home does not lie between the two.
      if (((scan - home) & mask) < ((scan - hole) & mask)) continue;
      pairs[2 * hole] = pairs[2 * scan];
      pairs[2 * hole + 1] = row;
      hole = scan;
    }
    pairs[2 * hole + 1] = 0;
    this.#size--;
  }

  /** Renames a row. */
  move(hash: number, from: number, to: number): void {
    for (let bucket = this.first(hash); bucket >= 0; bucket = this.next(bucket, hash)) {
      if (this.#pairs[2 * bucket + 1] === from + 1) {
        this.#pairs[2 * bucket + 1] = to + 1;
        return;
      }
    }
  }

  #scan(start: number, hash: number): number {
    const pairs = this.#pairs;
    const mask = this.#capacity - 1;
    for (let bucket = start;; bucket = (bucket + 1) & mask) {
      if (pairs[2 * bucket + 1] === 0) return -1;
      if (pairs[2 * bucket] === hash) return bucket;
    }
  }

  #place(hash: number, rowPlusOne: number): void {
    const pairs = this.#pairs;
    const mask = this.#capacity - 1;
    let bucket = Math.imul(hash, SPREAD) >>> this.#shift;
    while (pairs[2 * bucket + 1] !== 0) bucket = (bucket + 1) & mask;
    pairs[2 * bucket] = hash;
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
