/**
 * Comma-separated values, with header, types and quotes.
 *
 * @module
 */

import { JobExecutionError } from "../../errors.ts";
import type { TypeInformation } from "../../types/type_information.ts";
import { checkOption, invalidOption } from "../invalid_option.ts";
import { CsvBoundaries, type CsvDialect, type CsvRows, parseCsv, parseRecord } from "./csv_parser.ts";
import { type CsvScanner, generateCsvScanner, type ScannedColumn } from "./csv_scanner.ts";
import { type DecodedRecords, type RecordDecoder, type RecordFormat, withoutLineEnd } from "./record_format.ts";
import { checkCharset } from "./text_line_format.ts";
import { unitsOf } from "./text_units.ts";

/** See {@link csvFormat}. */
export interface CsvOptions<T> {
  /** Names and types of the columns, made by `Types.ROW`. Default: all columns of the header, as strings. */
  readonly type?: TypeInformation<T>;
  /** Whether the first record names the columns. Default true. Without it columns come in the order of `type`. */
  readonly header?: boolean;
  /** Default ",". */
  readonly delimiter?: string;
  /** Default '"'; "" = quotes mean nothing. A quote inside quotes is doubled. */
  readonly quote?: string;
  /** Lines that begin with it are left out. Default: none. */
  readonly comment?: string;
  /** The text of null in nullable columns, beside the empty text. Default: none. */
  readonly nullLiteral?: string;
  /** Leave out blanks around fields. Default false. */
  readonly trim?: boolean;
  /** Several subtasks may read one file; then a line feed always ends a record, also in quotes. Default false. */
  readonly splittable?: boolean;
  /** Default "utf-8". */
  readonly charset?: string;
}

// deno-lint-ignore no-explicit-any -- of any row
type AnyType = TypeInformation<any>;
type Convert = (text: string) => unknown;
/** A conversion says "no" with this. */
const NO_VALUE: unique symbol = Symbol("no value");
const WHOLE = /^[+-]?\d+$/;
const NUMBER = /^[+-]?(\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|Infinity)$|^NaN$/;

interface Column extends ScannedColumn {
  readonly kind: string;
}

/**
 * A CSV format. A record with too few or too many fields, or with a field that is not of its column's type, is an
 * invalid line. Empty lines are left out.
 *
 * @throws InvalidProgramError TSF-3016 for a wrong option.
 *
 * @example
 * ```ts
 * import { csvFormat, Types } from "tsflink";
 *
 * const flights = csvFormat({ type: Types.ROW({ carrier: Types.STRING, delay: Types.NULLABLE(Types.INT) }) });
 * console.assert(flights.hasHeader);
 * ```
 */
export function csvFormat<T = Record<string, string>>(options: CsvOptions<T> = {}): RecordFormat<T> {
  const { header = true, delimiter = ",", quote = '"', comment = "", splittable = false, charset = "utf-8" } = options;
  checkOption(isAscii(delimiter) && delimiter !== "", "delimiter", "one ASCII character", delimiter);
  checkOption(isAscii(quote), "quote", 'one ASCII character or ""', quote);
  checkOption(isAscii(comment), "comment", 'one ASCII character or ""', comment);
  const used = [delimiter, quote, comment].filter((character) => character !== "");
  const different = new Set(used).size === used.length;
  checkOption(different, "delimiter, quote, comment", "different characters", `${delimiter} ${quote} ${comment}`);
  checkOption(header || options.type !== undefined, "header", "true, or a type that names the columns", header);
  checkCharset(charset);
  const columns = options.type === undefined ? undefined : columnsOf(options.type as AnyType, options.nullLiteral);
  const dialect: CsvDialect = { delimiter, quote, comment };
  return {
    name: "CSV",
    splittable,
    hasHeader: header,
    charset,
    createBoundaries: splittable ? undefined : () => new CsvBoundaries(dialect),
    createDecoder: (text, path, { generated = true } = {}) => {
      const names = header ? headerNames(text ?? "", dialect, path) : columns!.map(({ name }) => name);
      return new CsvDecoder<T>(dialect, arrange(names, columns, { path, empty: text === undefined && header }), {
        fields: names.length,
        trim: options.trim ?? false,
        scannerId: generated ? path : undefined,
      });
    },
  };
}

/** Where each field of a row goes; undefined fields are not wanted. */
type Arrangement = readonly (Column | undefined)[];

class CsvDecoder<T> implements RecordDecoder<T> {
  /** By whether the units are bytes: V8 keeps apart what it knows of each. */
  readonly #scanners = new Map<boolean, CsvScanner | undefined>();

  constructor(
    readonly dialect: CsvDialect,
    readonly arrangement: Arrangement,
    readonly expected: { readonly fields: number; readonly trim: boolean; readonly scannerId: string | undefined },
  ) {}

  decode(text: string, records: DecodedRecords<T>, bytes?: Uint8Array): void {
    const rows = this.#rows(records);
    const scanner = this.#scanner(bytes !== undefined);
    if (scanner === undefined) return parseCsv(text, this.dialect, rows);
    scanner(bytes ?? unitsOf(text), text, {
      add: (record) => records.add(record as T),
      parse: (start, line) => parseRecord({ text, start, line }, this.dialect, rows),
    });
  }

  #scanner(ofBytes: boolean): CsvScanner | undefined {
    const { scannerId, trim } = this.expected;
    if (scannerId === undefined) return undefined;
    if (!this.#scanners.has(ofBytes)) {
      const { arrangement: columns, dialect } = this;
      const id = `${scannerId} ${ofBytes}`;
      this.#scanners.set(ofBytes, generateCsvScanner({ columns, dialect, trim, noValue: NO_VALUE, id }));
    }
    return this.#scanners.get(ofBytes);
  }

  #rows(records: DecodedRecords<T>): CsvRows {
    const { arrangement } = this;
    const { fields: count, trim } = this.expected;
    return {
      row(fields, line, content) {
        if (fields.length !== count) {
          records.invalid(line, content, `expected ${count} fields, found ${fields.length}`);
          return;
        }
        const row: Record<string, unknown> = {};
        for (let i = 0; i < count; i++) {
          const column = arrangement[i];
          if (column === undefined) continue;
          const field = trim ? fields[i].trim() : fields[i];
          const value = column.convert(field);
          if (value === NO_VALUE) {
            records.invalid(line, content, `${JSON.stringify(field)} in column ${column.name} is not ${column.kind}`);
            return;
          }
          row[column.name] = value;
        }
        records.add(row as T);
      },
      invalid: (line, content, reason) => records.invalid(line, content, reason),
    };
  }
}

function headerNames(text: string, dialect: CsvDialect, path: string): string[] {
  const names: string[] = [];
  const refuse = (found: string): never => {
    throw new JobExecutionError("TSF-3013", `The header of a CSV file cannot be used: ${path}:1`, {
      expected: "one different name per column",
      found,
    });
  };
  parseCsv(withoutLineEnd(text) + "\n", dialect, {
    row: (fields) => void names.push(...fields.map((name) => name.trim())),
    invalid: (_line, content, reason) => refuse(`${reason}: ${content}`),
  });
  for (const [i, name] of names.entries()) {
    if (names.indexOf(name) < i) refuse(`${JSON.stringify(name)} twice`);
  }
  return names;
}

function arrange(
  names: readonly string[],
  columns: readonly Column[] | undefined,
  file: { readonly path: string; readonly empty: boolean },
): Arrangement {
  if (columns === undefined) return names.map((name) => ({ name, ...CONVERSIONS.string, nullable: false }));
  for (const { name } of columns) {
    if (names.includes(name) || file.empty) continue;
    throw new JobExecutionError("TSF-3013", `A column is missing in a CSV file: ${file.path}:1`, {
      expected: `a column named ${JSON.stringify(name)}`,
      found: names.map((other) => JSON.stringify(other)).join(", "),
    });
  }
  return names.map((name) => columns.find((column) => column.name === name));
}

function columnsOf(type: AnyType, nullLiteral: string | undefined): Column[] {
  if (type.kind !== "row" || type.fields === undefined) throw invalidOption("type", "Types.ROW({...})", type.kind);
  return type.fields.map(([name, field]) => {
    return { name, ...conversionOf(name, field, nullLiteral) };
  });
}

type Conversion = Omit<Column, "name">;

function conversionOf(name: string, type: AnyType, nullLiteral: string | undefined): Conversion {
  if (type.kind === "nullable" && type.element !== undefined) {
    const { kind, convert, form } = conversionOf(name, type.element, undefined);
    // A number may be the text of null.
    const isSimple = form !== "text" && (nullLiteral === undefined || !/^[-+.\d]/.test(nullLiteral));
    return {
      kind,
      convert: (text) => text === "" || text === nullLiteral ? null : convert(text),
      form: isSimple ? form : "other",
      nullable: isSimple && form !== "other",
    };
  }
  const found = CONVERSIONS[type.kind];
  if (found === undefined) {
    throw invalidOption(`type of column ${name}`, `one of ${Object.keys(CONVERSIONS).join(", ")}, nullable`, type.kind);
  }
  return { ...found, nullable: false };
}

const CONVERSIONS: Readonly<Record<string, Omit<Conversion, "nullable">>> = {
  string: { kind: "text", form: "text", convert: (text) => text },
  int: { kind: "an int", form: "int", convert: (text) => whole(text, (n) => n === (n | 0)) },
  long: { kind: "a whole number up to 2^53", form: "long", convert: (text) => whole(text, Number.isSafeInteger) },
  double: {
    kind: "a number",
    form: "double",
    convert: (text) => NUMBER.test(text) ? Number(text) : NO_VALUE,
  },
  bigint: {
    kind: "a whole number",
    form: "other",
    convert: (text) => WHOLE.test(text) ? BigInt(text.replace("+", "")) : NO_VALUE,
  },
  boolean: {
    kind: "true or false",
    form: "other",
    convert: (text) => /^true$/i.test(text) ? true : /^false$/i.test(text) ? false : NO_VALUE,
  },
};

function whole(text: string, fits: (n: number) => boolean): unknown {
  // "-0" is the whole number 0.
  const value = WHOLE.test(text) ? Number(text) + 0 : NaN;
  return fits(value) ? value : NO_VALUE;
}

function isAscii(text: string): boolean {
  return text.length <= 1 && !/[^\x20-\x7e\t]/.test(text);
}
