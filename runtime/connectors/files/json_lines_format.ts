/**
 * Every line is a JSON value.
 *
 * @module
 */

import { type DecodedRecords, linesOf, type RecordDecoder, type RecordFormat } from "./record_format.ts";

/** See {@link jsonLinesFormat}. */
export interface JsonLinesOptions<T> {
  /** Checks and converts a value; what it throws makes the line invalid. Default: the value as it is. */
  readonly convert?: (value: unknown) => T;
}

/**
 * JSON lines: one value per line; lines of blanks are left out.
 *
 * @example
 * ```ts
 * import { jsonLinesFormat } from "tsflink";
 *
 * const format = jsonLinesFormat({ convert: (value) => Number(value) });
 * console.assert(format.splittable);
 * ```
 */
export function jsonLinesFormat<T = unknown>(options: JsonLinesOptions<T> = {}): RecordFormat<T> {
  const { convert } = options;
  return {
    name: "JSON",
    splittable: true,
    hasHeader: false,
    createDecoder: (): RecordDecoder<T> => ({
      decode(text: string, records: DecodedRecords<T>): void {
        for (const [index, line] of linesOf(text).entries()) {
          if (line.trim() === "") continue;
          let record: T;
          try {
            const value: unknown = JSON.parse(line);
            record = convert === undefined ? value as T : convert(value);
          } catch (error) {
            records.invalid(index, line, error instanceof Error ? error.message : String(error));
            continue;
          }
          records.add(record);
        }
      },
    }),
  };
}
