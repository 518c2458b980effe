/**
 * The keys of one operator and subtask as dense rows, one per key whatever the number of states: a state keeps its values
 * in a column by row, so a key is looked up once per record however many states are used for it.
 *
 * Integers lie in an Int32Array and are their own tag in the index; all other keys lie in arrays and are found by their
 * hash code. Rows lie in chunks of 64 Ki, each of one of the two kinds. Invariants: a row exists while some state holds
 * something for its key; the row of the current key is remembered in the {@link KeyContext}, so only {@link KeyRows} may
 * give out and take back rows; a key of a foreign key group has no row. Owned by heap_backend.ts.
 *
 * @module
 */

import { ownKey, sameKey } from "../types/canonical_key.ts";
import type { Key } from "../types/key.ts";
import { type KeyContext, NO_ROW } from "./key_context.ts";
import { RowIndex } from "./row_index.ts";
import { CHUNK_BITS, CHUNK_ROWS, grownLength, type ValueColumn } from "./value_column.ts";

const OFFSET_MASK = CHUNK_ROWS - 1;
const EMPTY_KEYS: (Key | undefined)[] = [];

/** Rows given out for one kind of key. */
interface RowSupply {
  readonly index: RowIndex;
  readonly free: number[];
  next: number;
  end: number;
}

/** See the header. */
export class KeyRows {
  readonly #context: KeyContext;
  readonly #ints: RowSupply = { index: new RowIndex(), free: [], next: 0, end: 0 };
  readonly #others: RowSupply = { index: new RowIndex(), free: [], next: 0, end: 0 };
  // By chunk. One of the first two is empty.
  readonly #intKeys: Int32Array[] = [];
  readonly #otherKeys: (Key | undefined)[][] = [];
  readonly #keyGroups: Uint16Array[] = [];
  /** How many states hold something in the row; 0 where there is none. */
  readonly #holders: Uint16Array[] = [];
  #size = 0;

  constructor(context: KeyContext) {
    this.#context = context;
  }

  /** Number of keys. */
  get size(): number {
    return this.#size;
  }

  /** Bytes of index and columns; what texts and composite keys hold is not counted. */
  get byteLength(): number {
    let bytes = this.#ints.index.byteLength + this.#others.index.byteLength;
    for (let i = 0; i < this.#holders.length; i++) {
      bytes += this.#intKeys[i].byteLength + 8 * this.#otherKeys[i].length + this.#keyGroups[i].byteLength +
        this.#holders[i].byteLength;
    }
    return bytes;
  }

  /**
   * The row of the current key, or -1.
   *
   * @throws InvalidProgramError TSF-2115 without a key, TSF-2116 for a foreign one, TSF-2104 for one of the wrong type.
   */
  find(): number {
    const row = this.#context.row;
    return row >= NO_ROW ? row : this.#locate();
  }

  /** The row of the current key, made when there is none; it must be {@link hold held} at once. */
  findOrAdd(): number {
    const row = this.find();
    return row >= 0 ? row : this.#add();
  }

  /** One more state holds something in the row. */
  hold(row: number): void {
    this.#holders[row >>> CHUNK_BITS][row & OFFSET_MASK]++;
  }

  /** One state less holds something in the row; the last one ends it. */
  release(row: number): void {
    const holders = this.#holders[row >>> CHUNK_BITS];
    if (--holders[row & OFFSET_MASK] === 0) this.#remove(row);
  }

  /** The key of a row. */
  keyOf(row: number): Key {
    const ints = this.#intKeys[row >>> CHUNK_BITS];
    const at = row & OFFSET_MASK;
    return at < ints.length ? ints[at] : this.#otherKeys[row >>> CHUNK_BITS][at]!;
  }

  /** The rows that hold something in a column: by key group in ascending order, in a group as they were given out. */
  rowsByKeyGroup(column: ValueColumn): RowsByKeyGroup {
    const { start, end } = this.#context.keyGroups;
    const starts = new Uint32Array(Math.max(end - start + 1, 0) + 1);
    this.#visit(column, (_, keyGroup) => void starts[keyGroup - start + 1]++);
    for (let i = 1; i < starts.length; i++) starts[i] += starts[i - 1];
    const rows = new Uint32Array(column.size);
    const places = starts.slice();
    this.#visit(column, (row, keyGroup) => void (rows[places[keyGroup - start]++] = row));
    return { rows, starts };
  }

  #visit(column: ValueColumn, visit: (row: number, keyGroup: number) => void): void {
    for (let chunk = 0; chunk < this.#holders.length; chunk++) {
      const holders = this.#holders[chunk];
      const first = chunk << CHUNK_BITS;
      for (let at = 0; at < holders.length; at++) {
        if (holders[at] > 0 && column.get(first + at) !== undefined) visit(first + at, this.#keyGroups[chunk][at]);
      }
    }
  }

  #locate(): number {
    const context = this.#context;
    const key = context.key;
    const row = typeof key === "number" && (key | 0) === key ? this.#ints.index.find(key | 0) : this.#findOther(key);
    // A key that has a row was looked at when it got it.
    if (row < 0) context.checkKeyGroup();
    return context.row = row;
  }

  #findOther(key: Key): number {
    const { index } = this.#others;
    const tag = this.#context.lookupHash;
    for (let row = index.first(tag); row >= 0; row = index.next(tag)) {
      const stored = this.#otherKeys[row >>> CHUNK_BITS][row & OFFSET_MASK]!;
      if (stored === key || sameKey(stored, key)) return row;
    }
    return NO_ROW;
  }

  #add(): number {
    const context = this.#context;
    const key = context.key;
    const isInt = typeof key === "number" && (key | 0) === key;
    const supply = isInt ? this.#ints : this.#others;
    const row = supply.free.pop() ?? this.#nextRow(supply, isInt);
    const chunk = row >>> CHUNK_BITS;
    const at = row & OFFSET_MASK;
    if (at >= this.#holders[chunk].length) this.#grow(chunk, at, isInt);
    if (isInt) this.#intKeys[chunk][at] = key;
    else this.#otherKeys[chunk][at] = ownKey(key);
    this.#keyGroups[chunk][at] = context.keyGroup;
    supply.index.add(isInt ? key | 0 : context.lookupHash, row);
    this.#size++;
    return context.row = row;
  }

  #nextRow(supply: RowSupply, isInt: boolean): number {
    if (supply.next === supply.end) {
      const chunk = this.#holders.length;
      this.#intKeys.push(new Int32Array(0));
      this.#otherKeys.push(isInt ? EMPTY_KEYS : []);
      this.#keyGroups.push(new Uint16Array(0));
      this.#holders.push(new Uint16Array(0));
      supply.next = chunk << CHUNK_BITS;
      supply.end = supply.next + CHUNK_ROWS;
    }
    return supply.next++;
  }

  #grow(chunk: number, at: number, isInt: boolean): void {
    const rows = grownLength(this.#holders[chunk].length, at);
    if (isInt) {
      const more = new Int32Array(rows);
      more.set(this.#intKeys[chunk]);
      this.#intKeys[chunk] = more;
    } else {
      const keys = this.#otherKeys[chunk];
      while (keys.length < rows) keys.push(undefined);
    }
    this.#keyGroups[chunk] = moreShorts(this.#keyGroups[chunk], rows);
    this.#holders[chunk] = moreShorts(this.#holders[chunk], rows);
  }

  #remove(row: number): void {
    const chunk = row >>> CHUNK_BITS;
    const at = row & OFFSET_MASK;
    const isInt = at < this.#intKeys[chunk].length;
    const supply = isInt ? this.#ints : this.#others;
    const context = this.#context;
    // Only the current key loses values.
    supply.index.remove(isInt ? this.#intKeys[chunk][at] : context.lookupHash, row);
    if (!isInt) this.#otherKeys[chunk][at] = undefined;
    supply.free.push(row);
    this.#size--;
    context.row = NO_ROW;
  }
}

/** Rows in order of their key groups: those of the i-th group of the subtask are `rows[starts[i]]` to `starts[i + 1]`. */
export interface RowsByKeyGroup {
  readonly rows: Uint32Array;
  readonly starts: Uint32Array;
}

function moreShorts(shorts: Uint16Array, rows: number): Uint16Array {
  const more = new Uint16Array(rows);
  more.set(shorts);
  return more;
}
