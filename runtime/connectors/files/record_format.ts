/**
 * How the text of a file becomes records. Implemented by the formats beside this file and by users.
 *
 * @module
 */

import type { RecordBoundaries } from "./record_chunks.ts";

/** Takes what a decoder finds. */
export interface DecodedRecords<T> {
  /** Emits a record. */
  add(record: T): void;
  /**
   * Reports a line that is no record.
   *
   * @param line Line feeds before it in the text given to `decode`.
   * @param content The line itself.
   * @param reason What is wrong with it.
   */
  invalid(line: number, content: string, reason: string): void;
}

/** Decodes the records of one split; made per split, so it may keep state. */
export interface RecordDecoder<T> {
  /**
   * `text` holds whole records, in order, each with its line end (the last one of a file may lack it).
   *
   * @param bytes The same as bytes, only where each of them is one character of the text.
   */
  decode(text: string, records: DecodedRecords<T>, bytes?: Uint8Array): void;
}

/** What a job asks of a decoder. */
export interface DecoderOptions {
  /** Whether functions may be generated for it; default true (`pipeline.optimize.columns`). */
  readonly generated?: boolean;
}

/** A text format whose records end with a line feed. */
export interface RecordFormat<T> {
  /** Named in errors: "CSV". */
  readonly name: string;
  /** Whether a file may be cut after any line feed, so that several subtasks can read it. */
  readonly splittable: boolean;
  /** Whether the first record describes the others. */
  readonly hasHeader: boolean;
  /** An encoding in which a line feed is the byte 10 and nothing else is; default "utf-8". */
  readonly charset?: string;
  /** Default: every line feed ends a record. */
  createBoundaries?(): RecordBoundaries;
  /**
   * Makes the decoder of one split of a file.
   *
   * @param header The text of the header record, with its line end; undefined without one or when the file is empty.
   * @param path Named in errors.
   */
  createDecoder(header: string | undefined, path: string, options?: DecoderOptions): RecordDecoder<T>;
}

/** A line that is no record, as a side output gives it. */
export interface InvalidLine {
  /** The file. */
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
  /** The line without its line end. */
  readonly content: string;
  /** Why it is no record. */
  readonly reason: string;
}

/** A line without its line end. */
export function withoutLineEnd(line: string): string {
  const end = line.endsWith("\n") ? line.length - 1 : line.length;
  return line.slice(0, line[end - 1] === "\r" ? end - 1 : end);
}

/** The lines of a text, without their ends. */
export function linesOf(text: string): string[] {
  const lines = text.split("\n");
  // After the last line feed nothing follows.
  if (lines[lines.length - 1] === "") lines.pop();
  if (text.includes("\r")) {
    for (let i = 0; i < lines.length; i++) if (lines[i].endsWith("\r")) lines[i] = lines[i].slice(0, -1);
  }
  return lines;
}
