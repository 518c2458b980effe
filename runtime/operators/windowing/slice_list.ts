/**
 * The slices in flight in order of time, and blocks of neighbours added up: a window of many slices is then the sum of
 * about twice the square root of as many parts.
 *
 * Invariant: a block is forgotten when one of its slices gets a record or is dropped. Used by slice_windows.ts.
 *
 * @module
 */

import { Slice, type SliceBlock } from "./slice.ts";
import type { SliceSum } from "./slice_sum.ts";

/** Windows of fewer slices are added up slice by slice. */
const MIN_FOR_BLOCKS = 16;

/** How windows lie on the axis of time. */
export interface SliceGrid {
  /** Start of some window. */
  readonly origin: number;
  /** Distance between two windows. */
  readonly step: number;
  /** Windows of one record, about. */
  readonly ratio: number;
}

/** See the header. */
export class SliceList {
  readonly slices: Slice[] = [];
  readonly #origin: number;
  /** 0: no blocks. */
  readonly #blockMs: number;
  #expectedKeys = 0;

  constructor({ origin, step, ratio }: SliceGrid) {
    this.#origin = origin;
    this.#blockMs = ratio < MIN_FOR_BLOCKS ? 0 : step * Math.round(Math.sqrt(ratio));
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
    slices.splice(at, 0, slice);
    if (this.#blockMs === 0) return slice;
    // Blocks that would have had it as a part.
    for (let i = at - 1; i >= 0 && this.#blockOf(slices[i]) === this.#blockOf(slice); i--) slices[i].block = undefined;
    for (let i = at + 1; i < slices.length && this.#blockOf(slices[i]) === this.#blockOf(slice); i++) {
      slices[i].block = undefined;
    }
    return slice;
  }

  /** A slice has changed that is part of a block. */
  forgetBlock(block: SliceBlock): void {
    for (const slice of this.slices) if (slice.block === block) slice.block = undefined;
  }

  /** Drops the slices that are only part of windows up to then. */
  dropUntil(lastTimestamp: number, release: (slice: Slice) => void): void {
    const { slices } = this;
    let count = 0;
    while (count < slices.length && slices[count].lastTimestamp <= lastTimestamp) count++;
    if (count === 0) return;
    const last = slices[count - 1];
    this.#expectedKeys = last.size;
    if (last.block !== undefined) this.forgetBlock(last.block);
    for (let i = 0; i < count; i++) release(slices[i]);
    slices.splice(0, count);
  }

  /** Adds up all slices in [start, end). */
  sum(into: SliceSum, numKeys: number, { start, end }: { readonly start: number; readonly end: number }): void {
    const { slices } = this;
    const first = this.#firstFrom(start);
    if (this.#blockMs > 0) this.#makeBlocks(into, numKeys, first, { start, end });
    into.begin(numKeys);
    for (let i = first; i < slices.length && slices[i].to <= end;) {
      const { block } = slices[i];
      if (block === undefined || block.from < start || block.to > end) {
        into.add(slices[i++]);
        continue;
      }
      into.add(block);
      while (i < slices.length && slices[i].block === block) i++;
    }
    into.finish();
  }

  #makeBlocks(sum: SliceSum, numKeys: number, first: number, { start, end }: { start: number; end: number }): void {
    const { slices } = this;
    for (let i = first; i < slices.length && slices[i].to <= end;) {
      const number = this.#blockOf(slices[i]);
      const from = this.#origin + number * this.#blockMs;
      const to = from + this.#blockMs;
      let next = i + 1;
      while (next < slices.length && this.#blockOf(slices[next]) === number) next++;
      if (from >= start && to <= end && next - i > 1 && slices[i].block === undefined) {
        sum.begin(numKeys);
        for (let part = i; part < next; part++) sum.add(slices[part]);
        sum.finish();
        const block = sum.toBlock(from, to);
        for (let part = i; part < next; part++) slices[part].block = block;
      }
      i = next;
    }
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
