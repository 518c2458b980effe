/**
 * The keys of one operator and subtask as dense rows, one per key whatever the number of states: a state keeps its values
 * in a column by row, so a key is looked up once per record however many states are used for it.
 *
 * Integers lie in an Int32Array and are their own tag in the index, pairs of integers lie two by two; all other keys lie
 * in arrays. Rows lie in chunks of 64 Ki, each of one of the three kinds. Invariants: a row exists while some state holds
 * something for its key; the row of the current key is remembered in the {@link KeyContext}, so only {@link KeyRows} may
 * give out and take back rows; a key of a foreign key group has no row. Owned by heap_backend.ts.
 *
 * @module
 */

import { ownKey, sameKey } from "../types/canonical_key.ts";
import type { Key } from "../types/key.ts";
import { hashKey } from "../types/key_group.ts";
import { hashText, mixHash } from "./hash_index.ts";
import { type KeyContext, NO_ROW } from "./key_context.ts";
import { RowIndex } from "./row_index.ts";
import { CHUNK_BITS, CHUNK_ROWS, grownLength, type ValueColumn } from "./value_column.ts";

/** The golden ratio times 2^32: neighbours get far apart. */
const PAIR_SPREAD = 0x9e3779b1 | 0;
const OFFSET_MASK = CHUNK_ROWS - 1;
/** How keys are kept; a row's chunk is of its key's kind. */
const enum Kind {
  INT,
  PAIR,
  OTHER,
}

/** Index and rows of the keys of one kind. */
class RowSupply {
  readonly index: RowIndex = new RowIndex();
  readonly free: number[] = [];
  next = 0;
  end = 0;
  constructor(readonly kind: Kind) {}
}

/** See the header. */
export class KeyRows {
  readonly #context: KeyContext;
  readonly #ints = new RowSupply(Kind.INT);
  readonly #pairs = new RowSupply(Kind.PAIR);
  readonly #others = new RowSupply(Kind.OTHER);
  // By chunk. Of the next three the one of the chunk's kind is not empty.
  readonly #intKeys: Int32Array[] = [];
  readonly #pairKeys: Int32Array[] = [];
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
    let bytes = this.#ints.index.byteLength + this.#pairs.index.byteLength + this.#others.index.byteLength;
    for (let i = 0; i < this.#holders.length; i++) {
      bytes += this.#intKeys[i].byteLength + this.#pairKeys[i].byteLength + 8 * this.#otherKeys[i].length +
        this.#keyGroups[i].byteLength + this.#holders[i].byteLength;
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

  /** The key of a row; a tuple is a new one each time. */
  keyOf(row: number): Key {
    const chunk = row >>> CHUNK_BITS;
    const at = row & OFFSET_MASK;
    const ints = this.#intKeys[chunk];
    if (at < ints.length) return ints[at];
    const pairs = this.#pairKeys[chunk];
    return 2 * at < pairs.length ? [pairs[2 * at], pairs[2 * at + 1]] : this.#otherKeys[chunk][at]!;
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
    const row = context.isPair ? this.#findPair(context.left, context.right) : this.#findKey(context.key);
    // A key that has a row was looked at when it got it.
    if (row < 0) context.checkKeyGroup();
    return context.row = row;
  }

  #findKey(key: Key): number {
    if (isInt(key)) return this.#ints.index.find(key | 0);
    return isPair(key) ? this.#findPair(key[0] | 0, key[1] | 0) : this.#findOther(key);
  }

  #findPair(left: number, right: number): number {
    const { index } = this.#pairs;
    const tag = pairTag(left, right);
    for (let row = index.first(tag); row >= 0; row = index.next(tag)) {
      const pairs = this.#pairKeys[row >>> CHUNK_BITS];
      const at = 2 * (row & OFFSET_MASK);
      if (pairs[at] === left && pairs[at + 1] === right) return row;
    }
    return NO_ROW;
  }

  #findOther(key: Key): number {
    const { index } = this.#others;
    const tag = keyTag(key);
    for (let row = index.first(tag); row >= 0; row = index.next(tag)) {
      const stored = this.#otherKeys[row >>> CHUNK_BITS][row & OFFSET_MASK]!;
      if (stored === key || sameKey(stored, key)) return row;
    }
    return NO_ROW;
  }

  #add(): number {
    const context = this.#context;
    const key = context.key;
    const supply = isInt(key) ? this.#ints : isPair(key) ? this.#pairs : this.#others;
    const row = supply.free.pop() ?? this.#nextRow(supply);
    const chunk = row >>> CHUNK_BITS;
    const at = row & OFFSET_MASK;
    if (at >= this.#holders[chunk].length) this.#grow(chunk, at, supply.kind);
    if (isInt(key)) this.#intKeys[chunk][at] = key;
    else if (isPair(key)) this.#pairKeys[chunk].set(key, 2 * at);
    else this.#otherKeys[chunk][at] = ownKey(key);
    this.#keyGroups[chunk][at] = context.keyGroup;
    supply.index.add(tagOf(key), row);
    this.#size++;
    return context.row = row;
  }

  #nextRow(supply: RowSupply): number {
    if (supply.next === supply.end) {
      const chunk = this.#holders.length;
      this.#intKeys.push(new Int32Array(0));
      this.#pairKeys.push(new Int32Array(0));
      this.#otherKeys.push([]);
      this.#keyGroups.push(new Uint16Array(0));
      this.#holders.push(new Uint16Array(0));
      supply.next = chunk << CHUNK_BITS;
      supply.end = supply.next + CHUNK_ROWS;
    }
    return supply.next++;
  }

  #grow(chunk: number, at: number, kind: Kind): void {
    const rows = grownLength(this.#holders[chunk].length, at);
    if (kind === Kind.INT) this.#intKeys[chunk] = longer(this.#intKeys[chunk], new Int32Array(rows));
    else if (kind === Kind.PAIR) this.#pairKeys[chunk] = longer(this.#pairKeys[chunk], new Int32Array(2 * rows));
    else while (this.#otherKeys[chunk].length < rows) this.#otherKeys[chunk].push(undefined);
    this.#keyGroups[chunk] = longer(this.#keyGroups[chunk], new Uint16Array(rows));
    this.#holders[chunk] = longer(this.#holders[chunk], new Uint16Array(rows));
  }

  #remove(row: number): void {
    const key = this.keyOf(row);
    const supply = isInt(key) ? this.#ints : isPair(key) ? this.#pairs : this.#others;
    supply.index.remove(tagOf(key), row);
    if (supply.kind === Kind.OTHER) this.#otherKeys[row >>> CHUNK_BITS][row & OFFSET_MASK] = undefined;
    supply.free.push(row);
    this.#size--;
    // Only the current key loses values.
    this.#context.row = NO_ROW;
  }
}

type IntPair = readonly [number, number];

function isInt(key: Key): key is number {
  return typeof key === "number" && (key | 0) === key;
}

function isPair(key: Key): key is IntPair {
  return Array.isArray(key) && key.length === 2 && isInt(key[0]) && isInt(key[1]);
}

function tagOf(key: Key): number {
  return isInt(key) ? key | 0 : isPair(key) ? pairTag(key[0], key[1]) : keyTag(key);
}

function pairTag(left: number, right: number): number {
  return mixHash(Math.imul(left, PAIR_SPREAD), right);
}

/** Spreads better than the hash code of key groups: that of a pair is 31 times one and the other, which often coincide. */
function keyTag(key: Key): number {
  if (typeof key !== "object") return hashKey(key);
  let tag = 0;
  if (Array.isArray(key)) {
    for (let i = 0; i < key.length; i++) tag = mixHash(tag, keyTag(key[i]));
    return tag;
  }
  // The order of fields does not count.
  const record = key as { readonly [field: string]: Key };
  for (const field in record) tag = (tag + mixHash(hashText(field), keyTag(record[field]))) | 0;
  return tag;
}

/** Rows in order of their key groups: those of the i-th group of the subtask are `rows[starts[i]]` to `starts[i + 1]`. */
export interface RowsByKeyGroup {
  readonly rows: Uint32Array;
  readonly starts: Uint32Array;
}

function longer<A extends Int32Array | Uint16Array>(old: A, larger: A): A {
  larger.set(old);
  return larger;
}
