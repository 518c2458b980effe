/**
 * What consumes the results of a loop and of a job: counts rows and sums an order-free 64-bit hash over their fields,
 * in two lanes of 32 bits. A row is hashed through two independent mixes, so that equal sums mean equal rows.
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

const SEED_A = 0x51ed270b;
const SEED_B = 0x2545f491;

/** Hashes the row that is being added: fields one by one, in a fixed order. */
export class RowHash {
  count = 0;
  #a = SEED_A;
  #b = SEED_B;
  #low = 0;
  #high = 0;

  /** Any whole number; only its low 32 bits and its size count. */
  number(value: number): void {
    const low = value | 0;
    const high = (value / 4294967296) | 0;
    this.#a = Math.imul(this.#a ^ low ^ (high << 7), 0x9e3779b1) ^ (this.#a >>> 15);
    this.#b = Math.imul(this.#b + low, 0x85ebca6b) ^ Math.imul(high, 0xc2b2ae35) ^ (this.#b >>> 13);
  }
  /** Length and first letter: reading whole texts would measure the hash. */
  text(value: string): void {
    const length = value.length;
    this.number(length === 0 ? 0 : length * 65536 + value.charCodeAt(0));
  }
  /** Ends the row. */
  row(): void {
    this.count++;
    this.#low = (this.#low + this.#a) | 0;
    this.#high = (this.#high + this.#b) | 0;
    this.#a = SEED_A;
    this.#b = SEED_B;
  }
  sums(): Sums {
    const hex = (value: number): string => (value >>> 0).toString(16).padStart(8, "0");
    return { count: this.count, checksum: hex(this.#high) + hex(this.#low) };
  }
}

/** Sums over all rows. `hash` gives the fields of a row to the hash. */
export function hashingRows<T>(hash: (row: T, into: RowHash) => void): RowConsumer<T> {
  const sums = new RowHash();
  return {
    add(row: T): void {
      hash(row, sums);
      sums.row();
    },
    result: () => sums.sums(),
  };
}

/**
 * For results that may come in other portions in the job than in the loop: folds rows by key first. The last value of a
 * key counts, or the sum of all.
 */
export function foldingRows<T>(
  key: (row: T) => number,
  value: (row: T) => number,
  how: "last" | "sum",
): RowConsumer<T> {
  const folded = new Map<number, number>();
  return {
    add(row: T): void {
      const of = key(row);
      folded.set(of, how === "last" ? value(row) : (folded.get(of) ?? 0) + value(row));
    },
    result(): Sums {
      const rows = hashingRows<readonly [number, number]>(([of, amount], into) => {
        into.number(of);
        into.number(amount);
      });
      for (const entry of folded) rows.add(entry);
      return rows.result();
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
