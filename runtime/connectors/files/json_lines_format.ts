/**
 * Every line is a JSON value.
 *
 * @module
 */

import { generateJsonScanner, type JsonScanner } from "./json_scanner.ts";
import {
  type DecodedRecords,
  linesOf,
  type RecordDecoder,
  type RecordFormat,
  withoutLineEnd,
} from "./record_format.ts";
import { unitsOf } from "./text_units.ts";

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
  return {
    name: "JSON",
    splittable: true,
    hasHeader: false,
    createDecoder: (_header, path, { generated = true } = {}) =>
      new JsonLinesDecoder<T>(options.convert, generated ? path : undefined),
  };
}

/** How often a scanner is made for the lines of one split. */
const MAX_SCANNERS = 4;

class JsonLinesDecoder<T> implements RecordDecoder<T> {
  readonly #convert: ((value: unknown) => T) | undefined;
  readonly #id: string | undefined;
  #scanner: JsonScanner | undefined;
  /** Whether the scanner was made for bytes: V8 keeps apart what it knows of each. */
  #ofBytes = false;
  #made = 0;

  /** @param id Where undefined, nothing is generated. */
  constructor(convert: ((value: unknown) => T) | undefined, id: string | undefined) {
    this.#convert = convert;
    this.#id = id;
  }

  decode(text: string, records: DecodedRecords<T>, bytes?: Uint8Array): void {
    const scanner = this.#scannerFor(text, bytes !== undefined);
    if (scanner === undefined) {
      const lines = linesOf(text);
      for (let i = 0; i < lines.length; i++) this.#parse(lines[i], i, records);
      return;
    }
    let [scanned, parsed] = [0, 0];
    const convert = this.#convert;
    scanner(bytes ?? unitsOf(text), text, {
      add: (record, start, line) => {
        scanned++;
        if (convert === undefined) records.add(record as T);
        else this.#add(() => convert(record), { line, content: () => lineAt(text, start) }, records);
      },
      parse: (start, line) => {
        parsed++;
        this.#parse(lineAt(text, start), line, records);
        return endOfLine(text, start);
      },
    });
    // The lines are of another kind now: the next text begins with one to learn from.
    if (parsed > scanned) this.#scanner = undefined;
  }

  #parse(content: string, line: number, records: DecodedRecords<T>): void {
    if (content.trim() === "") return;
    const convert = this.#convert ?? ((value: unknown) => value as T);
    this.#add(() => convert(JSON.parse(content)), { line, content: () => content }, records);
  }

  #add(make: () => T, at: { readonly line: number; content(): string }, records: DecodedRecords<T>): void {
    let record: T;
    try {
      record = make();
    } catch (error) {
      records.invalid(at.line, at.content(), error instanceof Error ? error.message : String(error));
      return;
    }
    records.add(record);
  }

  #scannerFor(text: string, ofBytes: boolean): JsonScanner | undefined {
    if (this.#id === undefined) return undefined;
    if (this.#scanner !== undefined && this.#ofBytes === ofBytes) return this.#scanner;
    if (this.#made === MAX_SCANNERS) return undefined;
    this.#ofBytes = ofBytes;
    return this.#scanner = generateJsonScanner(lineAt(text, 0), `${this.#id} ${this.#made++}`);
  }
}

function endOfLine(text: string, start: number): number {
  const end = text.indexOf("\n", start);
  return end < 0 ? text.length : end + 1;
}
function lineAt(text: string, start: number): string {
  return withoutLineEnd(text.slice(start, endOfLine(text, start)));
}
