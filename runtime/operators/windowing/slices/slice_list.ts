/**
 * The slices in flight in order of time, and sums of neighbours that many windows share. Slices lie in blocks of about the
 * square root of a window; a window is the end of its first block, the blocks in the middle and the beginning of its last
 * one. Each of the three is kept and made of little more than what the window before had, so a window costs a few sums
 * of all keys, however many slices it has.
 *
 * Invariant: all sums are forgotten when a slice that is part of one gets a record; that is so for records behind the
 * watermark alone. Used by slice_windows.ts.
 *
 * @module
 */

import { Slice, type SliceBlock } from "./slice.ts";
import { SliceSum } from "./slice_sum.ts";
import type { PaneContent } from "../pane_content.ts";

/** Windows of fewer slices are added up slice by slice. */
const MIN_FOR_BLOCKS = 8;

/** How windows lie on the axis of time. */
export interface SliceGrid {
  /** Start of some window. */
  readonly origin: number;
  /** Distance between two windows. */
  readonly step: number;
  /** Windows of one record, about. */
  readonly ratio: number;
}

/** A run of slices: indexes from first to, but not including, last. */
interface Run {
  readonly first: number;
  readonly last: number;
}

/** See the header. */
export class SliceList {
  readonly slices: Slice[] = [];
  readonly #origin: number;
  /** 0: no blocks. */
  readonly #blockMs: number;
  #expectedKeys = 0;
  /** Sums of the slices of a block from one on, by the start of that one. */
  #heads = new Map<number, SliceBlock>();
  #headBlock = NaN;
  /** Sum of the blocks between two. */
  #middle: SliceBlock | undefined;
  #middleFrom = NaN;
  #middleTo = NaN;
  /** Sums of whole blocks by their number. */
  readonly #blocks = new Map<number, SliceBlock>();
  /** Sum of the first slices of a block. */
  readonly #tail: SliceSum;
  #tailBlock = NaN;
  #tailFrom = NaN;
  #tailUntil = -Infinity;
  /** For sums of the above. */
  readonly #sum: SliceSum;

  constructor({ origin, step, ratio }: SliceGrid, content: PaneContent) {
    this.#origin = origin;
    this.#blockMs = ratio < MIN_FOR_BLOCKS ? 0 : step * Math.round(Math.sqrt(ratio));
    this.#sum = new SliceSum(content);
    this.#tail = new SliceSum(content);
  }

  find(from: number): Slice | undefined {
    const { slices } = this;
    for (let i = slices.length - 1; i >= 0 && slices[i].from >= from; i--) {
      if (slices[i].from === from) return slices[i];
    }
    return undefined;
  }

  add(from: number, to: number, lastTimestamp: number): Slice {
    const { slices } = this;
    const slice = new Slice(from, to, lastTimestamp, this.#expectedKeys);
    let at = slices.length;
    while (at > 0 && slices[at - 1].from > from) at--;
    // It belongs into sums that were made without it; that of a tail goes on.
    const block = this.#blockOf(slice);
    const isInMiddle = block > this.#middleFrom && block < this.#middleTo;
    const isBefore = at < slices.length && slices[at].isSummed;
    if (isBefore || isInMiddle || block === this.#headBlock || this.#blocks.has(block)) this.forgetSums();
    slices.splice(at, 0, slice);
    return slice;
  }

  /** A slice has changed that is part of a sum. */
  forgetSums(): void {
    for (const slice of this.slices) slice.isSummed = false;
    this.#heads = new Map();
    this.#headBlock = this.#middleFrom = this.#tailBlock = NaN;
    this.#middle = undefined;
    this.#blocks.clear();
  }

  /** Drops the slices that are only part of windows up to then. */
  dropUntil(lastTimestamp: number, release: (slice: Slice) => void): void {
    const { slices } = this;
    let count = 0;
    while (count < slices.length && slices[count].lastTimestamp <= lastTimestamp) release(slices[count++]);
    if (count === 0) return;
    this.#expectedKeys = slices[count - 1].size;
    slices.splice(0, count);
  }

  /** Adds up all slices in [start, end). */
  sum(into: SliceSum, numKeys: number, { start, end }: { readonly start: number; readonly end: number }): void {
    const { slices } = this;
    const first = this.#firstFrom(start);
    let last = first;
    while (last < slices.length && slices[last].to <= end) last++;
    into.begin(numKeys);
    const headBlock = first < last ? this.#blockOf(slices[first]) : 0;
    const tailBlock = first < last ? this.#blockOf(slices[last - 1]) : 0;
    if (this.#blockMs === 0) {
      for (let i = first; i < last; i++) into.add(slices[i]);
    } else if (headBlock === tailBlock) {
      this.#sumWithinBlock(into, headBlock, { first, last }, numKeys);
    } else {
      into.add(this.#head(headBlock, slices[first].from, this.#runOf(headBlock, first), numKeys));
      const middle = this.#middleOf(headBlock, tailBlock, numKeys);
      if (middle !== undefined) into.add(middle);
      into.add(this.#tailOf(tailBlock, last, numKeys));
    }
    into.finish();
  }

  /** A window that holds no slice outside one block: its first ones, its last ones, or some in between. */
  #sumWithinBlock(into: SliceSum, block: number, { first, last }: Run, numKeys: number): void {
    if (first === last) return;
    const run = this.#runOf(block, first);
    if (first === run.first && (block !== this.#tailBlock || this.#tailFrom === this.slices[first].from)) {
      into.add(this.#tailOf(block, last, numKeys));
    } else if (last === run.last) {
      into.add(this.#head(block, this.slices[first].from, run, numKeys));
    } else {
      for (let i = first; i < last; i++) into.add(this.slices[i]);
    }
  }

  /** The slices of a block, one of which has that index. */
  #runOf(block: number, index: number): Run {
    const { slices } = this;
    let first = index;
    while (first > 0 && this.#blockOf(slices[first - 1]) === block) first--;
    let last = index + 1;
    while (last < slices.length && this.#blockOf(slices[last]) === block) last++;
    return { first, last };
  }

  #head(block: number, from: number, { first, last }: Run, numKeys: number): SliceBlock {
    if (block !== this.#headBlock) {
      this.#headBlock = block;
      this.#heads = new Map();
      let behind: SliceBlock | undefined;
      for (let i = last - 1; i >= first; i--) {
        const slice = this.slices[i];
        const sum = this.#sum;
        sum.begin(numKeys);
        sum.add(slice);
        if (behind !== undefined) sum.add(behind);
        sum.finish();
        slice.isSummed = true;
        this.#heads.set(slice.from, behind = sum.toBlock());
      }
    }
    return this.#heads.get(from)!;
  }

  #middleOf(from: number, to: number, numKeys: number): SliceBlock | undefined {
    if (from === this.#middleFrom && to === this.#middleTo) return this.#middle;
    this.#middleFrom = from;
    this.#middleTo = to;
    this.#middle = undefined;
    const parts: SliceBlock[] = [];
    for (let i = this.#firstFrom(this.#origin + (from + 1) * this.#blockMs); i < this.slices.length;) {
      const block = this.#blockOf(this.slices[i]);
      if (block >= to) break;
      const { last } = this.#runOf(block, i);
      parts.push(this.#blockSum(block, { first: i, last }, numKeys));
      i = last;
    }
    for (const block of this.#blocks.keys()) if (block <= from) this.#blocks.delete(block);
    if (parts.length === 0) return undefined;
    this.#sum.begin(numKeys);
    for (const part of parts) this.#sum.add(part);
    this.#sum.finish();
    return this.#middle = this.#sum.toBlock();
  }

  #blockSum(block: number, { first, last }: Run, numKeys: number): SliceBlock {
    let sum = this.#blocks.get(block);
    if (sum !== undefined) return sum;
    this.#sum.begin(numKeys);
    for (let i = first; i < last; i++) {
      this.#sum.add(this.slices[i]);
      this.slices[i].isSummed = true;
    }
    this.#sum.finish();
    this.#blocks.set(block, sum = this.#sum.toBlock());
    return sum;
  }

  /** The slices of the block before the index `last`. */
  #tailOf(block: number, last: number, numKeys: number): SliceSum {
    const { slices } = this;
    const tail = this.#tail;
    if (block !== this.#tailBlock || this.#tailUntil > slices[last - 1].to) {
      this.#tailBlock = block;
      this.#tailUntil = -Infinity;
      tail.begin(numKeys);
    }
    tail.reserve(numKeys);
    let first = last;
    while (first > 0 && slices[first - 1].from >= this.#tailUntil && this.#blockOf(slices[first - 1]) === block) {
      first--;
    }
    if (tail.size === 0) this.#tailFrom = slices[first].from;
    for (let i = first; i < last; i++) {
      tail.add(slices[i]);
      slices[i].isSummed = true;
    }
    tail.finish();
    this.#tailUntil = slices[last - 1].to;
    return tail;
  }

  #firstFrom(start: number): number {
    const { slices } = this;
    let low = 0;
    let high = slices.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (slices[middle].from < start) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #blockOf(slice: Slice): number {
    return Math.floor((slice.from - this.#origin) / this.#blockMs);
  }
}
