/**
 * The sorted inputs of a task, merged by key: runs of records of one key and one input, and where each key ends.
 *
 * @module
 */

import { type CanonicalKey, sameCanonical } from "../../state/key_context.ts";
import type { ExternalSorter } from "./external_sorter.ts";
import { compareKeys, type SortedRows } from "./sorted_rows.ts";

/** Records of one key that are handed on together, at most. */
const MAX_ROWS = 256;

/** Records of one key and one input; valid until the next ones are asked for. */
export interface Rows {
  readonly input: number;
  readonly values: readonly unknown[];
  readonly timestamps: Float64Array;
  readonly rows: number;
}

/** An input and the sort that has taken in all of it. */
export interface SortedInput {
  readonly input: number;
  readonly sorter: ExternalSorter;
}

/** See the module. */
export class SortedEmission {
  readonly #sources: readonly SortedRows[];
  readonly #isLive: boolean[];
  /** The source whose row comes next; -1 when there is none. */
  #next = -1;
  /** Of the rows given out last, until its end was told. */
  #key: CanonicalKey | undefined;
  readonly #values: unknown[] = [];
  readonly #timestamps = new Float64Array(MAX_ROWS);

  constructor(readonly inputs: readonly SortedInput[]) {
    this.#sources = inputs.map(({ sorter }) => sorter.finish());
    this.#isLive = this.#sources.map((source) => source.next());
    this.#choose();
  }

  /** The next rows; or that no row of the key of the last ones follows; or that there is nothing left. */
  next(): Rows | "key-ended" | "ended" {
    if (this.#next < 0 && this.#key === undefined) return "ended";
    if (this.#next < 0 || (this.#key !== undefined && !sameCanonical(this.#key, this.#sources[this.#next].key))) {
      this.#key = undefined;
      return "key-ended";
    }
    return this.#take(this.#next);
  }

  #take(from: number): Rows {
    const source = this.#sources[from];
    const key = this.#key = source.key;
    const values = this.#values;
    const timestamps = this.#timestamps;
    let rows = 0;
    values.length = 0;
    do {
      timestamps[rows++] = source.timestamp;
      values.push(source.value);
      this.#isLive[from] = source.next();
      this.#choose();
    } while (this.#next === from && rows < MAX_ROWS && sameCanonical(source.key, key));
    return { input: this.inputs[from].input, values, timestamps, rows };
  }

  /** Of equal rows that of the first input comes first. */
  #choose(): void {
    const sources = this.#sources;
    let best = -1;
    for (let i = 0; i < sources.length; i++) {
      if (this.#isLive[i] && (best < 0 || isBefore(sources[i], sources[best]))) best = i;
    }
    this.#next = best;
  }
}

function isBefore(a: SortedRows, b: SortedRows): boolean {
  const byKey = compareKeys(a.key, b.key);
  return byKey !== 0 ? byKey < 0 : a.timestamp < b.timestamp;
}
