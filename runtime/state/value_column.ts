/**
 * The values of one state by row: numbers in typed arrays, everything else in arrays of values. Rows lie in chunks of
 * 64 Ki, and a chunk is int32, float64 or values by itself, so neither growth nor widening ever touches more than one.
 *
 * Invariants: undefined is "nothing" and never stored. A place of a typed chunk holds nothing when it holds the marker of
 * its kind; the marker itself, as a value, widens the chunk. Values read back are exactly what was stored (-0 and NaN
 * too). Used by typed_table.ts; rows are given out by key_rows.ts.
 *
 * @module
 */

/** Rows of a chunk, as a power of two. */
export const CHUNK_BITS = 16;
/** Rows of a chunk. */
export const CHUNK_ROWS = 1 << CHUNK_BITS;
const OFFSET_MASK = CHUNK_ROWS - 1;
/** Rows of a new chunk; it doubles as it fills. */
const FIRST_ROWS = 16;

/** Nothing, in a chunk of int32. */
const NO_INT = -0x80000000;
/** Nothing, in a chunk of float64: a number nobody counts up to. */
const NO_DOUBLE = -1.0715086071862673e301;

const EMPTY_INTS: Int32Array = new Int32Array(0);
const EMPTY_DOUBLES: Float64Array = new Float64Array(0);
const EMPTY_VALUES: unknown[] = [];

/** Kinds of chunk; a column starts new chunks with the widest kind it has had. */
const enum Kind {
  INTS,
  DOUBLES,
  VALUES,
}

/** See the header. */
export class ValueColumn {
  // One of the three is not empty for each chunk that holds something.
  readonly #ints: Int32Array[] = [];
  readonly #doubles: Float64Array[] = [];
  readonly #values: unknown[][] = [];
  #widest = Kind.INTS;
  #size = 0;

  /** Rows that hold something. */
  get size(): number {
    return this.#size;
  }

  /** Bytes of the arrays; what objects and texts hold is not counted. */
  get byteLength(): number {
    let bytes = 0;
    for (let i = 0; i < this.#ints.length; i++) {
      bytes += this.#ints[i].byteLength + this.#doubles[i].byteLength + 8 * this.#values[i].length;
    }
    return bytes;
  }

  /** The value of a row, or undefined. */
  get(row: number): unknown {
    const chunk = row >>> CHUNK_BITS;
    const at = row & OFFSET_MASK;
    if (chunk >= this.#ints.length) return undefined;
    const ints = this.#ints[chunk];
    if (at < ints.length) {
      const value = ints[at];
      return value === NO_INT ? undefined : value;
    }
    const doubles = this.#doubles[chunk];
    if (at < doubles.length) {
      const value = doubles[at];
      return value === NO_DOUBLE ? undefined : value;
    }
    const values = this.#values[chunk];
    return at < values.length ? values[at] : undefined;
  }

  /** Writes a value, which is taken over; true when the row held nothing. */
  set(row: number, value: unknown): boolean {
    const chunk = row >>> CHUNK_BITS;
    const at = row & OFFSET_MASK;
    if (chunk < this.#ints.length) {
      if (typeof value === "number") {
        const ints = this.#ints[chunk];
        if (at < ints.length) {
          if (isPlainInt(value)) {
            const isNew = ints[at] === NO_INT;
            ints[at] = value;
            if (isNew) this.#size++;
            return isNew;
          }
        } else {
          const doubles = this.#doubles[chunk];
          if (at < doubles.length && value !== NO_DOUBLE) {
            const isNew = doubles[at] === NO_DOUBLE;
            doubles[at] = value;
            if (isNew) this.#size++;
            return isNew;
          }
        }
      }
      const values = this.#values[chunk];
      if (at < values.length) {
        const isNew = values[at] === undefined;
        values[at] = value;
        if (isNew) this.#size++;
        return isNew;
      }
    }
    this.#makeRoom(chunk, at, kindOf(value));
    return this.set(row, value);
  }

  /** Empties a row; true when it held something. */
  remove(row: number): boolean {
    const chunk = row >>> CHUNK_BITS;
    const at = row & OFFSET_MASK;
    if (this.get(row) === undefined) return false;
    if (at < this.#ints[chunk].length) this.#ints[chunk][at] = NO_INT;
    else if (at < this.#doubles[chunk].length) this.#doubles[chunk][at] = NO_DOUBLE;
    else this.#values[chunk][at] = undefined;
    this.#size--;
    return true;
  }

  /** Makes the place exist in a chunk that can hold the kind. */
  #makeRoom(chunk: number, at: number, kind: Kind): void {
    while (this.#ints.length <= chunk) {
      this.#ints.push(EMPTY_INTS);
      this.#doubles.push(EMPTY_DOUBLES);
      this.#values.push(EMPTY_VALUES);
    }
    const ints = this.#ints[chunk];
    const doubles = this.#doubles[chunk];
    const values = this.#values[chunk];
    const length = ints.length + doubles.length + values.length;
    // A chunk keeps its kind unless the value does not fit; one that is new starts as the last ones ended.
    const present = length === 0
      ? this.#widest
      : ints.length > 0
      ? Kind.INTS
      : values.length > 0
      ? Kind.VALUES
      : Kind.DOUBLES;
    const wanted = kind > present ? kind : present;
    if (wanted > this.#widest) this.#widest = wanted;
    const rows = grownLength(length, at);
    this.#ints[chunk] = wanted === Kind.INTS ? moreInts(ints, rows) : EMPTY_INTS;
    this.#doubles[chunk] = wanted === Kind.DOUBLES ? moreDoubles(ints, doubles, rows) : EMPTY_DOUBLES;
    this.#values[chunk] = wanted === Kind.VALUES ? moreValues(ints, doubles, values, rows) : EMPTY_VALUES;
  }
}

/** Whether a chunk of int32 can hold the number: -0 and the marker it cannot. */
function isPlainInt(value: number): boolean {
  return (value | 0) === value && value !== NO_INT && (value !== 0 || 1 / value > 0);
}

function kindOf(value: unknown): Kind {
  if (typeof value !== "number" || value === NO_DOUBLE) return Kind.VALUES;
  return isPlainInt(value) ? Kind.INTS : Kind.DOUBLES;
}

/** The length of a chunk that has a place at `at`. */
export function grownLength(length: number, at: number): number {
  let rows = Math.max(length, FIRST_ROWS);
  while (rows <= at) rows *= 2;
  return rows;
}

function moreInts(ints: Int32Array, rows: number): Int32Array {
  if (ints.length === rows) return ints;
  const more = new Int32Array(rows);
  more.set(ints);
  more.fill(NO_INT, ints.length);
  return more;
}

function moreDoubles(ints: Int32Array, doubles: Float64Array, rows: number): Float64Array {
  if (doubles.length === rows) return doubles;
  const more = new Float64Array(rows);
  more.set(doubles);
  for (let i = 0; i < ints.length; i++) more[i] = ints[i] === NO_INT ? NO_DOUBLE : ints[i];
  more.fill(NO_DOUBLE, ints.length + doubles.length);
  return more;
}

function moreValues(ints: Int32Array, doubles: Float64Array, values: unknown[], rows: number): unknown[] {
  if (values.length === rows) return values;
  const more = new Array<unknown>(rows).fill(undefined);
  for (let i = 0; i < ints.length; i++) if (ints[i] !== NO_INT) more[i] = ints[i];
  for (let i = 0; i < doubles.length; i++) if (doubles[i] !== NO_DOUBLE) more[i] = doubles[i];
  for (let i = 0; i < values.length; i++) more[i] = values[i];
  return more;
}
