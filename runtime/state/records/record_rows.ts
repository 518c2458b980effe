/**
 * The records of one state that have its shape (record_shape.ts), without an object each: a row is a stretch of bytes,
 * first its numbers as float64, then what {@link TextPages} needs of its texts. Rows lie in chunks of 4096, so growth never touches
 * more than that.
 *
 * Invariants: a row belongs to one value in state; what is released is given out again. Which field is where only the
 * generated code knows. Owned by shaped_values.ts.
 *
 * @module
 */

import { NO_PAGE, TextPages } from "./text_pages.ts";

/** Rows of a chunk, as a power of two. */
export const RECORD_CHUNK_BITS = 12;
const CHUNK_ROWS = 1 << RECORD_CHUNK_BITS;
/** Rows of the first chunk; it doubles as it fills. */
const FIRST_ROWS = 16;
/** Ints of a row before the lengths of its texts: page and place. */
export const TEXT_HEAD = 2;

/** See the header. */
export class RecordRows {
  /** By chunk; the two are views of the same bytes. */
  readonly doubles: Float64Array[] = [];
  readonly ints: Int32Array[] = [];
  readonly pages: TextPages;
  /** Length of a row in float64. */
  readonly stride: number;
  readonly #numbers: number;
  readonly #texts: number;
  readonly #free: number[] = [];
  #next = 0;
  #room = 0;

  constructor(numbers: number, texts: number) {
    this.#numbers = numbers;
    this.#texts = texts;
    this.stride = numbers + (texts === 0 ? 0 : (TEXT_HEAD + texts + 1) >> 1);
    this.pages = new TextPages(this, texts);
  }

  /** Rows in use. */
  get size(): number {
    return this.#next - this.#free.length;
  }

  /** Bytes of rows and texts; of the texts written last, which lie somewhere else still, only once they were copied. */
  get byteLength(): number {
    let bytes = this.pages.byteLength + 8 * this.#free.length;
    for (const chunk of this.doubles) bytes += chunk.byteLength;
    return bytes;
  }

  /** A row that nobody uses; it has no texts. */
  add(): number {
    const row = this.#free.length > 0 ? this.#free.pop()! : this.#nextRow();
    if (this.#texts > 0) this.ints[row >>> RECORD_CHUNK_BITS][this.#textsAt(row)] = NO_PAGE;
    return row;
  }

  /** Gives a row back. */
  release(row: number): void {
    if (this.#texts > 0) {
      const ints = this.ints[row >>> RECORD_CHUNK_BITS];
      const at = this.#textsAt(row);
      const page = ints[at];
      ints[at] = NO_PAGE;
      if (page !== NO_PAGE) this.pages.leave(page, ints[at + 1], this.#chars(ints, at));
    }
    this.#free.push(row);
  }

  /** For {@link TextPages}: the texts of the row begin there from now on; returns their length. */
  placeTexts(row: number, place: number): number {
    const ints = this.ints[row >>> RECORD_CHUNK_BITS];
    const at = this.#textsAt(row);
    ints[at + 1] = place;
    return this.#chars(ints, at);
  }

  /** For {@link TextPages}: if the texts of the row lie in that page, they are brought into the open one. */
  moveTexts(row: number, page: number, text: string): void {
    const ints = this.ints[row >>> RECORD_CHUNK_BITS];
    const at = this.#textsAt(row);
    if (ints[at] !== page) return;
    let from = ints[at + 1];
    const entry = this.pages.enter(row, this.#chars(ints, at));
    ints[at] = this.pages.open;
    ints[at + 1] = entry;
    for (let i = 0; i < this.#texts; i++) {
      const length = ints[at + TEXT_HEAD + i];
      this.pages.parts[entry * this.#texts + i] = length > 0 ? text.substring(from, from += length) : "";
    }
  }

  #textsAt(row: number): number {
    return 2 * ((row & (CHUNK_ROWS - 1)) * this.stride + this.#numbers);
  }

  #chars(ints: Int32Array, at: number): number {
    let chars = 0;
    for (let i = at + TEXT_HEAD; i < at + TEXT_HEAD + this.#texts; i++) if (ints[i] > 0) chars += ints[i];
    return chars;
  }

  #nextRow(): number {
    if (this.#next === this.#room) this.#grow();
    return this.#next++;
  }

  #grow(): void {
    const isFirst = this.#room < CHUNK_ROWS;
    const rows = isFirst ? Math.max(FIRST_ROWS, 2 * this.#room) : CHUNK_ROWS;
    const doubles = new Float64Array(rows * this.stride);
    const chunk = isFirst ? 0 : this.doubles.length;
    // Bit by bit: a pattern that is no number must stay as it is.
    const ints = new Int32Array(doubles.buffer);
    if (isFirst && this.#room > 0) ints.set(this.ints[0]);
    this.doubles[chunk] = doubles;
    this.ints[chunk] = ints;
    this.#room = isFirst ? rows : this.#room + CHUNK_ROWS;
  }
}
