/**
 * What consumes the results of a loop and of a job: counts rows and sums an order-free 64-bit hash over their fields,
 * in two lanes of 32 bits that are mixed independently.
 *
 * @module
 */

/** Consumes rows; the same class behind a loop and behind a job. */
export interface RowConsumer<T> {
  add(row: T): void;
  /** After the last row; not part of what is measured. */
  result(): Sums;
}

/** Rows and their hash. */
export interface Sums {
  readonly count: number;
  readonly checksum: string;
}

/**
 * The fields of a row go in as up to six numbers, of which the low 32 bits count: all that tells ids, counts and prices
 * apart, and times less than 49 days apart. Odd multipliers per field, then a finish that spreads the bits.
 */
export class RowHash {
  count = 0;
  #low = 0;
  #high = 0;

  add(a: number, b: number, c: number, d = 0, e = 0, f = 0): void {
    let low = Math.imul(a, 0x9e3779b1) + Math.imul(b, 0x85ebca6b) + Math.imul(c, 0xc2b2ae35) +
        Math.imul(d, 0x27d4eb2f) + Math.imul(e, 0x165667b1) + Math.imul(f, 0x2545f491) | 0;
    low = Math.imul(low ^ (low >>> 15), 0x2c1b3c6d);
    this.#low = (this.#low + (low ^ (low >>> 13))) | 0;
    let high = Math.imul(a, 0x7feb352d) + Math.imul(b, 0x2f2e6ee1) + Math.imul(c, 0x4cf5ad43) +
        Math.imul(d, 0x51ed270b) + Math.imul(e, 0x1b873593) + Math.imul(f, 0x68bc21eb) | 0;
    high = Math.imul(high ^ (high >>> 16), 0x297a2d39);
    this.#high = (this.#high + (high ^ (high >>> 15))) | 0;
    this.count++;
  }
  sums(): Sums {
    const hex = (value: number): string => (value >>> 0).toString(16).padStart(8, "0");
    return { count: this.count, checksum: hex(this.#high) + hex(this.#low) };
  }
}

/** Length and first letter of a text: reading all of it would measure the hash. */
export function digest(text: string): number {
  return text.length === 0 ? 0 : text.length * 65_536 + text.charCodeAt(0);
}

/** Sums over all rows. `hash` gives the fields of a row to the hash. */
export function hashingRows<T>(hash: (row: T, into: RowHash) => void): RowConsumer<T> {
  const sums = new RowHash();
  return {
    add(row: T): void {
      hash(row, sums);
    },
    result: () => sums.sums(),
  };
}

/**
 * For results that may come in other portions in the job than in the loop: folds rows by key first. The last value of a
 * key counts, with the number of all rows; or the sum of all, with the number of keys.
 */
export function foldingRows<T>(
  key: (row: T) => number,
  value: (row: T) => number,
  how: "last" | "sum",
): RowConsumer<T> {
  const folded = new Map<number, number>();
  let added = 0;
  return {
    add(row: T): void {
      added++;
      const of = key(row);
      folded.set(of, how === "last" ? value(row) : (folded.get(of) ?? 0) + value(row));
    },
    result(): Sums {
      const rows = hashingRows<readonly [number, number]>(([of, amount], into) =>
        into.add(of, amount, amount / 4_294_967_296)
      );
      for (const entry of folded) rows.add(entry);
      const { count, checksum } = rows.result();
      return { count: how === "last" ? added : count, checksum };
    },
  };
}

const BUFFER_ROWS = 4096;

/**
 * The way out of a loop: rows are stored in a buffer before they are consumed. Handed over one by one they would never
 * exist, because the compiler sees through the consumer.
 */
export class RowBuffer<T> {
  readonly #rows: T[] = new Array<T>(BUFFER_ROWS);
  readonly #consumer: RowConsumer<T>;
  #length = 0;

  constructor(consumer: RowConsumer<T>) {
    this.#consumer = consumer;
  }

  emit(row: T): void {
    this.#rows[this.#length++] = row;
    if (this.#length === BUFFER_ROWS) this.flush();
  }
  flush(): void {
    for (let i = 0; i < this.#length; i++) this.#consumer.add(this.#rows[i]);
    this.#length = 0;
  }
}
