/**
 * Encodes the records of one writer with a schema it infers by itself: it looks at the first records, and afterwards only
 * at batches in which something was unforeseen. (Looking at every record would cost as much as encoding it.)
 *
 * Caller: the record writer, one per output, whatever the number of channels; whoever reads must have been told each
 * {@link Announced} schema before the first buffer that names it.
 *
 * @module
 */

import { encodeBatch, type EncodedBatch } from "./columnar_codec.ts";
import type { Schema } from "./schema.ts";
import { SchemaTracker } from "./schema_tracker.ts";

/** Records looked at before the first buffer. */
const FIRST_LOOK = 256;

/** One buffer and the schema it names. */
export interface Announced extends EncodedBatch {
  readonly schema: Schema;
}

/** Limits of a {@link BatchEncoder}; see encodeBatch for their defaults. */
export interface BatchLimits {
  readonly limitBytes?: number;
  readonly maxRecordBytes?: number;
}

/** See the module comment. */
export class BatchEncoder {
  readonly #tracker: SchemaTracker;
  readonly #limits: BatchLimits;
  #looked: boolean;

  /** @param declared The schema of a declared type, if there is one. */
  constructor(declared?: Schema, limits: BatchLimits = {}) {
    this.#tracker = new SchemaTracker(declared);
    this.#limits = limits;
    this.#looked = declared !== undefined;
  }

  /** Encodes as many values as fit into one buffer, at least one. Throws what encodeBatch throws. */
  encode(values: readonly unknown[], timestamps: ArrayLike<number>, from: number = 0): Announced {
    if (!this.#looked) {
      this.#looked = true;
      this.#observe(values, from, from + FIRST_LOOK);
    }
    const schema = this.#tracker.schema();
    const { limitBytes, maxRecordBytes } = this.#limits;
    const batch = encodeBatch(schema, values, timestamps, from, limitBytes, maxRecordBytes);
    if (batch.escapes > 0) this.#observe(values, from, from + batch.rows);
    return { ...batch, schema };
  }

  #observe(values: readonly unknown[], from: number, to: number): void {
    for (let i = from; i < to && i < values.length; i++) this.#tracker.observe(values[i]);
  }
}
