/**
 * Records to bytes, for file sinks.
 *
 * @module
 */

import { formatValue } from "../print/format_value.ts";

/** Gives exactly what is written for a record; text is written as UTF-8. */
export interface Encoder<T> {
  /** Gives the bytes of one record, with what separates it from the next. */
  encode(value: T): string | Uint8Array;
}

/** Every record as one line: strings as they are, other values as print sinks show them. */
export class SimpleStringEncoder<T> implements Encoder<T> {
  /** The text and a line feed. */
  encode(value: T): string {
    return formatValue(value) + "\n";
  }
}

/** Every record as one line of JSON. */
export class JsonLinesEncoder<T> implements Encoder<T> {
  /** The JSON text and a line feed. */
  encode(value: T): string {
    return JSON.stringify(value) + "\n";
  }
}
