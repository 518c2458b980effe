/**
 * What the iterables of fetching_reader.ts give: some records of a split and the position behind them.
 *
 * @module
 */

/** Some records of a split, in order, and where to go on after them. */
export interface SourceBatch<T, PositionT> {
  /** Emitted in this order. */
  readonly records: readonly T[];
  /** Given to `open` to go on after the last of these records; structured-cloneable. */
  readonly position: PositionT;
  /** Event time of each record, in ms since the epoch. */
  readonly timestamps?: ArrayLike<number>;
  /** No record needs the reader's own way of emitting. */
  readonly isPlain?: boolean;
}

/** What the types ask for, checked once per batch: a mistake here would repeat or lose records after a restore. */
export function checkedBatch<T, PositionT>(batch: SourceBatch<T, PositionT>): SourceBatch<T, PositionT> {
  if (!Array.isArray(batch?.records)) throw new TypeError(`a batch whose records are ${nameOf(batch?.records)}`);
  const { records, position, timestamps } = batch;
  if (position === undefined) throw new TypeError("a batch without position; use null where there is none");
  if (timestamps !== undefined && timestamps.length !== records.length) {
    throw new TypeError(`a batch of ${records.length} records and ${timestamps.length} timestamps`);
  }
  return batch;
}

/** What a value is, for messages. */
export function nameOf(value: unknown): string {
  return value instanceof Promise ? "a promise" : Array.isArray(value) ? "an array" : String(value);
}
