/**
 * Every line is a record.
 *
 * @module
 */

import { checkOption } from "../invalid_option.ts";
import { type DecodedRecords, linesOf, type RecordDecoder, type RecordFormat } from "./record_format.ts";

/** Encodings with more than one byte per line feed, or where byte 10 means something else. */
const NOT_LINE_SAFE = /^(utf-?16|ucs-?2|iso-10646-ucs-2|unicode)/i;

/** @throws InvalidProgramError TSF-3016 when the runtime cannot decode it or lines cannot be found in it. */
export function checkCharset(charset: string): void {
  let known = !NOT_LINE_SAFE.test(charset);
  try {
    new TextDecoder(charset);
  } catch {
    known = false;
  }
  checkOption(known, "charset", 'an encoding such as "utf-8" or "iso-8859-1" (not UTF-16)', charset);
}

/**
 * Lines of text without their ends (`\n` or `\r\n`); empty lines are records too.
 *
 * @example
 * ```ts
 * import { TextLineInputFormat } from "tsflink";
 *
 * console.assert(new TextLineInputFormat("iso-8859-1").splittable);
 * ```
 */
export class TextLineInputFormat implements RecordFormat<string> {
  readonly name = "text";
  readonly splittable = true;
  readonly hasHeader = false;

  /**
   * Lines in an encoding of the Encoding Standard; default UTF-8.
   *
   * @throws InvalidProgramError TSF-3016 for an encoding that is not known or not usable.
   */
  constructor(readonly charset: string = "utf-8") {
    checkCharset(charset);
  }

  /** Gives every line as a record, without its line end. */
  createDecoder(): RecordDecoder<string> {
    return {
      decode(text: string, records: DecodedRecords<string>): void {
        for (const line of linesOf(text)) records.add(line);
      },
    };
  }
}
