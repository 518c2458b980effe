/**
 * The texts of the records of one state, many rows to a page: a row that was just written keeps its texts by reference
 * in the open page, and when that is full they become one flat string by one join, which costs a third of copying them
 * one by one (see {@link ownString} why they must be copied) and leaves the collector one object per page.
 *
 * Invariants: a row with characters lies in exactly one page, one without in none; the open page refers to at most
 * {@link MAX_PAGE_ROWS} rows, so what its texts were cut out of is kept alive no longer; a row that is written again while it
 * lies in the open page keeps its place there, so what is overwritten soon is never copied. A closed page of which less
 * than a third is alive is written anew.
 *
 * Of each row it keeps, in the ints of its {@link RecordRows}: the page or -1, its place (in the open page the number of
 * the entry, else of its first character), and the length of each text, negative for what is no text of the page.
 * Who calls: record_rows.ts and the generated code of record_shape.ts.
 *
 * @module
 */

import type { RecordRows } from "./record_rows.ts";

/** Rows of a page; measured: with more, joins get no cheaper. */
const PAGE_ROWS = 128;
/** Rows of a page where rows are written again and again, because what stays in it longer is copied less often. */
const MAX_PAGE_ROWS = 512;
/** A page with more characters than this is closed. */
const PAGE_CHARS = 1 << 17;
/** The page of a row without characters. */
export const NO_PAGE = -1;

/** See the header. */
export class TextPages {
  readonly #rows: RecordRows;
  /** Texts per row. */
  readonly #width: number;
  /** The texts of the open page: those of its first entry, of its second, and so on; "" for no text. */
  parts: string[] = [];
  /** Its number. */
  open = 0;
  /** Rows of its entries, -1 for one that has left. */
  readonly #entries = new Int32Array(MAX_PAGE_ROWS);
  #count = 0;
  #chars = 0;
  #limit = PAGE_ROWS;
  /** How often rows of the open page were written again. */
  #changes = 0;
  /** By page; "" for the open one and those that are free. */
  readonly texts: string[] = [""];
  readonly #rowsOfPage: Int32Array[] = [NO_ROWS];
  /** Characters of rows that still lie there. */
  readonly #alive: number[] = [0];
  readonly #free: number[] = [];
  #byteLength = 0;

  constructor(rows: RecordRows, width: number) {
    this.#rows = rows;
    this.#width = width;
  }

  /** Bytes of the closed pages, a character taken for one. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /** The entry of a row that comes into the open page with so many characters; its texts must be written at once. */
  enter(row: number, chars: number): number {
    if (this.#count === this.#limit || this.#chars > PAGE_CHARS) this.#close();
    this.#chars += chars;
    const entry = this.#count++;
    this.#entries[entry] = row;
    if (this.parts.length < this.#count * this.#width) { for (let i = 0; i < this.#width; i++) this.parts.push(""); }
    return entry;
  }

  /** The texts of a row of the open page were replaced by others that have so many characters more. */
  change(moreChars: number): void {
    this.#chars += moreChars;
    this.#changes++;
  }

  /** A row is no longer in its page; the row itself says so already. */
  leave(page: number, place: number, chars: number): void {
    if (page === this.open) {
      this.#entries[place] = -1;
      this.#chars -= chars;
      this.parts.fill("", place * this.#width, (place + 1) * this.#width);
      return;
    }
    const alive = this.#alive[page] -= chars;
    if (alive === 0) this.#release(page);
    else if (3 * alive < this.texts[page].length) this.#rewrite(page);
  }

  #close(): void {
    const ids = this.#entries.slice(0, this.#count);
    let live = 0;
    let at = 0;
    for (let entry = 0; entry < this.#count; entry++) {
      const row = ids[entry];
      if (row < 0) continue;
      ids[live++] = row;
      at += this.#rows.placeTexts(row, at);
    }
    const { parts, open } = this;
    this.texts[open] = parts.join("");
    parts.fill("");
    this.#rowsOfPage[open] = live === ids.length ? ids : ids.slice(0, live);
    this.#alive[open] = at;
    this.#byteLength += at + 4 * live;
    this.#limit = this.#changes > this.#count / 2 ? Math.min(2 * this.#limit, MAX_PAGE_ROWS) : PAGE_ROWS;
    this.#count = this.#chars = this.#changes = 0;
    if (at === 0) this.#release(open);
    this.open = this.#free.pop() ?? this.#newPage();
  }

  #newPage(): number {
    this.#rowsOfPage.push(NO_ROWS);
    this.#alive.push(0);
    return this.texts.push("") - 1;
  }

  #release(page: number): void {
    this.#byteLength -= this.texts[page].length + 4 * this.#rowsOfPage[page].length;
    this.texts[page] = "";
    this.#rowsOfPage[page] = NO_ROWS;
    this.#free.push(page);
  }

  /** Brings the rows that are left into the open page. */
  #rewrite(page: number): void {
    const text = this.texts[page];
    for (const row of this.#rowsOfPage[page]) this.#rows.moveTexts(row, page, text);
    this.#alive[page] = 0;
    this.#release(page);
  }
}

const NO_ROWS: Int32Array = new Int32Array(0);
