/**
 * An open-addressing index from int32 tags to row numbers that grows a piece at a time: extendible hashing over small
 * segments, so that no growth touches more than one of them (measured in bench/micro/state.ts: below 2 ms at 1e7 rows).
 * A tag is a key itself where keys are integers, else a hash; the caller compares the rows of equal tags.
 *
 * A segment is one Int32Array: pairs of tag and row + 1 (0 where the pair is free), then the number of pairs in use and
 * how many top bits of the spread tag all its tags share. Invariants: the number of pairs is a power of two and at most
 * 3/4 are used; a removal shifts its followers back, so there are no tombstones. Used by key_rows.ts.
 *
 * @module
 */

const FIRST_PAIRS = 8;
/** Pairs of a segment that is split rather than doubled: 256 KiB. */
const MAX_PAIRS = 32_768;
/** Segments that would share more top bits than this are doubled instead: their tags are equal, splitting is of no use. */
const MAX_DEPTH = 18;
/** 2^32 / golden ratio: spreads consecutive tags over the high bits. */
const SPREAD = 0x9e3779b1 | 0;

function spread(tag: number): number {
  const h = Math.imul(tag, SPREAD);
  return h ^ (h >>> 16);
}

function newSegment(pairs: number, depth: number): Int32Array {
  const segment = new Int32Array(pairs * 2 + 2);
  segment[pairs * 2 + 1] = depth;
  return segment;
}

/** See the header. */
export class RowIndex {
  /** By the top bits of the spread tag; neighbours may be one segment. */
  #directory: Int32Array[];
  /** 32 less the number of those bits, of which there is at least one because a shift by 32 is one by 0. */
  #shift = 31;
  /** Where {@link first} and {@link next} stand. */
  #segment: Int32Array;
  #at = 0;

  constructor() {
    this.#segment = newSegment(FIRST_PAIRS, 0);
    this.#directory = [this.#segment, this.#segment];
  }

  /** Bytes of all segments. */
  get byteLength(): number {
    let bytes = 8 * this.#directory.length;
    let previous: Int32Array | undefined;
    for (const segment of this.#directory) {
      if (segment !== previous) bytes += segment.byteLength;
      previous = segment;
    }
    return bytes;
  }

  /** The row of a tag that is there at most once, or -1. */
  find(tag: number): number {
    const h = spread(tag);
    const segment = this.#directory[h >>> this.#shift];
    const mask = segment.length - 3;
    for (let at = (h << 1) & mask;; at = (at + 2) & mask) {
      const row = segment[at + 1];
      if (row === 0) return -1;
      if (segment[at] === tag) return row - 1;
    }
  }

  /** The first row of a tag, or -1; {@link next} gives the others. */
  first(tag: number): number {
    const h = spread(tag);
    const segment = this.#directory[h >>> this.#shift];
    this.#segment = segment;
    this.#at = (h << 1) & (segment.length - 3);
    return this.#scan(tag);
  }

  /** The next row of the tag, or -1; nothing may have been added or removed since {@link first}. */
  next(tag: number): number {
    this.#at = (this.#at + 2) & (this.#segment.length - 3);
    return this.#scan(tag);
  }

  /** Adds a row; the caller knows that it is not there yet. */
  add(tag: number, row: number): void {
    const h = spread(tag);
    let segment = this.#directory[h >>> this.#shift];
    // In pairs: (used + 1) / pairs > 3 / 4, where the length is twice the pairs and two.
    while ((segment[segment.length - 2] + 1) * 8 > (segment.length - 2) * 3) {
      this.#grow(h, segment);
      segment = this.#directory[h >>> this.#shift];
    }
    place(segment, tag, row + 1);
  }

  /** Removes a row that is there. */
  remove(tag: number, row: number): void {
    const h = spread(tag);
    const segment = this.#directory[h >>> this.#shift];
    const mask = segment.length - 3;
    let hole = (h << 1) & mask;
    while (segment[hole + 1] !== row + 1) hole = (hole + 2) & mask;
    for (let scan = (hole + 2) & mask; segment[scan + 1] !== 0; scan = (scan + 2) & mask) {
      const home = (spread(segment[scan]) << 1) & mask;
      // The pair may move into the hole only when its home does not lie between the two.
      if (((scan - home) & mask) < ((scan - hole) & mask)) continue;
      segment[hole] = segment[scan];
      segment[hole + 1] = segment[scan + 1];
      hole = scan;
    }
    segment[hole + 1] = 0;
    segment[segment.length - 2]--;
  }

  #scan(tag: number): number {
    const segment = this.#segment;
    const mask = segment.length - 3;
    let at = this.#at;
    for (;; at = (at + 2) & mask) {
      const row = segment[at + 1];
      if (row !== 0 && segment[at] !== tag) continue;
      this.#at = at;
      return row - 1;
    }
  }

  #grow(h: number, segment: Int32Array): void {
    const pairs = (segment.length - 2) >> 1;
    const depth = segment[segment.length - 1];
    if (pairs < MAX_PAIRS || depth >= MAX_DEPTH) {
      const larger = newSegment(pairs * 2, depth);
      for (let at = 0; at < pairs * 2; at += 2) {
        if (segment[at + 1] !== 0) place(larger, segment[at], segment[at + 1]);
      }
      this.#replace(h, depth, larger, larger);
    } else this.#split(h, segment, depth);
  }

  /** Two segments for one: by the next bit of the spread tags. */
  #split(h: number, segment: Int32Array, depth: number): void {
    const pairs = (segment.length - 2) >> 1;
    const low = newSegment(pairs, depth + 1);
    const high = newSegment(pairs, depth + 1);
    const bit = 31 - depth;
    for (let at = 0; at < pairs * 2; at += 2) {
      if (segment[at + 1] === 0) continue;
      const goesHigh = ((spread(segment[at]) >>> bit) & 1) === 1;
      place(goesHigh ? high : low, segment[at], segment[at + 1]);
    }
    if (depth === 32 - this.#shift) {
      const doubled = new Array<Int32Array>(this.#directory.length * 2);
      for (let i = 0; i < doubled.length; i++) doubled[i] = this.#directory[i >> 1];
      this.#directory = doubled;
      this.#shift--;
    }
    this.#replace(h, depth, low, high);
  }

  /** Puts two segments (or one twice) where the segment of that depth was. */
  #replace(h: number, depth: number, low: Int32Array, high: Int32Array): void {
    const bits = 32 - this.#shift;
    const span = 2 ** (bits - depth);
    const index = h >>> this.#shift;
    const start = index - (index % span);
    for (let i = 0; i < span; i++) this.#directory[start + i] = i < span / 2 ? low : high;
  }
}

function place(segment: Int32Array, tag: number, rowPlusOne: number): void {
  const mask = segment.length - 3;
  let at = (spread(tag) << 1) & mask;
  while (segment[at + 1] !== 0) at = (at + 2) & mask;
  segment[at] = tag;
  segment[at + 1] = rowPlusOne;
  segment[segment.length - 2]++;
}
