/**
 * A function generated for the columns of a CSV file: goes once over the units of a text (its bytes, where each is one
 * character) and makes a record of each line, numbers straight from their digits and strings cut from the text. What it
 * does not know at a glance it leaves to the parser, record by record: line feeds in quotes, exponents, long numbers, and
 * everything that is invalid.
 *
 * Invariant: the same records and invalid lines as csv_parser.ts with the conversions of csv_format.ts, which stay as the
 * way for everything else and as the oracle. Who calls: csv_format.ts.
 *
 * @module
 */

import type { CsvDialect } from "./csv_parser.ts";
import { MAX_DIGITS, POWERS, type TextUnits } from "./text_units.ts";

/** A column of the file. */
export interface ScannedColumn {
  readonly name: string;
  /** How the scanner reads it; "other" by way of its text and {@link convert}. */
  readonly form: "text" | "int" | "long" | "double" | "other";
  /** An empty field is null. */
  readonly nullable: boolean;
  readonly convert: (text: string) => unknown;
}

/** What a {@link CsvScanner} calls. */
export interface ScannerCalls {
  add(record: unknown): void;
  /** Takes the record that begins there; `line` line feeds are before it. @returns where the next one begins. */
  parse(start: number, line: number): number;
}
/** Takes all records of the text; the units are its characters. */
export type CsvScanner = (units: TextUnits, text: string, calls: ScannerCalls) => void;

/** What is generated for. */
export interface ScannerRequest {
  /** By field of the file; undefined ones are not wanted. */
  readonly columns: readonly (ScannedColumn | undefined)[];
  readonly dialect: CsvDialect;
  readonly trim: boolean;
  /** What a conversion gives for a text that has no value. */
  readonly noValue: unknown;
  /** Makes the source text unique: V8 keeps one set of type feedback per text. */
  readonly id: string;
}

/** Larger functions are not worth compiling. */
const MAX_COLUMNS = 60;

/** The scanner of these columns, or undefined where they are too many or oddly named. */
export function generateCsvScanner(request: ScannerRequest): CsvScanner | undefined {
  const { columns, dialect: { comment }, noValue, id } = request;
  if (columns.length > MAX_COLUMNS || columns.length === 0) return undefined;
  if (columns.some((column) => column?.name === "__proto__")) return undefined;
  const fields = columns.map((column, i) => new FieldText(request, column, i));
  const values = fields.flatMap((field) => field.value === undefined ? [] : [field.value]);
  const body = `"use strict"; // ${id.replaceAll(/[^\w-]/g, "_")}
return function scan(units, text, calls) {
let at = 0, line = 0, b = 0;
// Behind the last line feed nothing would stop the loops.
const end = units.lastIndexOf(10) + 1;
while (at < end) {
b = units[at];
if (b === 10 || (b === 13 && units[at + 1] === 10)) { at += b === 10 ? 1 : 2; line++; continue; }
const start = at;
row: {
${comment === "" ? "" : `if (b === ${comment.charCodeAt(0)}) break row;`}
${fields.map((field) => field.scan()).join("\n")}
line++;
calls.add({ ${values.join(", ")} });
continue;
}
at = start;
for (const to = calls.parse(start, line); at < to; at++) if (units[at] === 10) line++;
}
while (at < units.length) at = calls.parse(at, line);
};`;
  const converts = columns.map((column) => column?.convert);
  return new Function("converts", "powers", "noValue", body)(converts, POWERS, noValue) as CsvScanner;
}

/** A replacement in which nothing has a meaning of its own: a dollar would. */
function quoteText(quote: string): string {
  return `() => ${JSON.stringify(quote)}`;
}

/** Writes what scans one field; leaves the block `row` where the parser has to look. */
class FieldText {
  readonly #request: ScannerRequest;
  readonly #column: ScannedColumn | undefined;
  readonly #i: number;

  constructor(request: ScannerRequest, column: ScannedColumn | undefined, i: number) {
    this.#request = request;
    this.#column = column;
    this.#i = i;
  }

  /** The field of the record; undefined where none is wanted. */
  get value(): string | undefined {
    return this.#column === undefined ? undefined : `${JSON.stringify(this.#column.name)}: v${this.#i}`;
  }

  scan(): string {
    const i = this.#i;
    const isNumber = this.#isNumber;
    const begin = `${i === 0 ? "" : "b = units[at];"}
let v${i} = ${isNumber ? "0" : "undefined"};`;
    if (!isNumber) return `${begin}\n${this.#text()}`;
    if (!this.#column!.nullable) return `${begin}\n${this.#number()}`;
    return `${begin}\nif (${this.#atEnd}) v${i} = null; else { ${this.#number()} }\n${this.#next}`;
  }

  get #isNumber(): boolean {
    const form = this.#column?.form;
    return form === "int" || form === "long" || form === "double";
  }
  get #isLast(): boolean {
    return this.#i === this.#request.columns.length - 1;
  }
  get #delimiter(): number {
    return this.#request.dialect.delimiter.charCodeAt(0);
  }
  get #atEnd(): string {
    return this.#isLast ? "b === 10 || (b === 13 && units[at + 1] === 10)" : `b === ${this.#delimiter}`;
  }
  /** Steps over the delimiter or line end. */
  get #next(): string {
    return this.#isLast
      ? "if (b === 13 && units[at + 1] === 10) at += 2; else if (b === 10) at++; else break row;"
      : `if (b !== ${this.#delimiter}) break row; at++;`;
  }

  #text(): string {
    const i = this.#i;
    const { dialect: { quote }, trim } = this.#request;
    const plain = `while (b !== ${this.#delimiter} && b !== 10) b = units[++at];
to${i} = at; ${this.#isLast ? `if (to${i} > from${i} && units[to${i} - 1] === 13) to${i}--;` : ""}`;
    const code = quote.charCodeAt(0);
    const quoted = `from${i} = ++at; for (;;) { while ((b = units[at]) !== ${code} && b !== 10) at++;
if (b === 10) break row; if (units[at + 1] !== ${code}) break; doubled${i} = true; at += 2; }
to${i} = at; b = units[++at];`;
    const scanned = quote === ""
      ? plain
      : `let doubled${i} = false; if (b === ${code}) { ${quoted} } else { ${plain} }`;
    const part = `text.substring(from${i}, to${i})`;
    const single = `(doubled${i} ? ${part}.replaceAll(${JSON.stringify(quote + quote)}, ${
      quoteText(quote)
    }) : ${part})`;
    const cut = `${quote === "" ? part : single}${trim ? ".trim()" : ""}`;
    const taken = this.#column === undefined
      ? ""
      : this.#column.form === "text"
      ? `v${i} = ${cut};`
      : `v${i} = converts[${i}](${cut}); if (v${i} === noValue) break row;`;
    return `let from${i} = at, to${i} = at;\n${scanned}\n${this.#next}\n${taken}`;
  }

  #number(): string {
    const i = this.#i;
    const { form, nullable } = this.#column!;
    const digits = `while (b >= 48 && b <= 57) { v${i} = v${i} * 10 + (b - 48); b = units[++at]; }`;
    const next = nullable ? "" : this.#next;
    const whole = `const minus${i} = b === 45; if (minus${i} || b === 43) b = units[++at];
const from${i} = at; ${digits}`;
    if (form !== "double") {
      const fits = form === "int" ? `if (v${i} !== (v${i} | 0)) break row;` : "";
      // Zero has no sign here.
      return `${whole} if (at === from${i} || at - from${i} > ${MAX_DIGITS}) break row; ${next}
if (minus${i}) v${i} = 0 - v${i}; ${fits}`;
    }
    return `${whole} if (at === from${i}) break row; let length${i} = at - from${i};
if (b === 46) { b = units[++at]; const point${i} = at; ${digits} const places${i} = at - point${i};
length${i} += places${i}; if (length${i} > ${MAX_DIGITS}) break row; v${i} /= powers[places${i}]; }
if (length${i} > ${MAX_DIGITS}) break row; ${next} if (minus${i}) v${i} = -v${i};`;
  }
}
