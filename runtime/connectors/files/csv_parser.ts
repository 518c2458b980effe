/**
 * CSV text to fields (RFC 4180): a field in quotes may hold delimiters, line feeds and doubled quotes. Used by
 * csv_format.ts; its boundaries find record ends in bytes before the text is decoded.
 *
 * @module
 */

import type { RecordBoundaries } from "./record_chunks.ts";
import { linesOf, withoutLineEnd } from "./record_format.ts";

/** The characters that matter. All are single ASCII characters; an empty quote or comment means there is none. */
export interface CsvDialect {
  readonly delimiter: string;
  readonly quote: string;
  readonly comment: string;
}

/** Takes what the parser finds; `line` counts line feeds before the record in the text. */
export interface CsvRows {
  row(fields: string[], line: number, content: string): void;
  invalid(line: number, content: string, reason: string): void;
}

/** Parses whole records. Empty lines and comments are left out. */
export function parseCsv(text: string, dialect: CsvDialect, rows: CsvRows): void {
  if (dialect.quote !== "" && text.includes(dialect.quote)) parseQuoted(text, dialect, rows);
  else parsePlain(text, dialect, rows);
}

function parsePlain(text: string, { delimiter, comment }: CsvDialect, rows: CsvRows): void {
  const lines = linesOf(text);
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i];
    if (line === "" || (comment !== "" && line.startsWith(comment))) continue;
    rows.row(line.split(delimiter), i, line);
  }
}

function parseQuoted(text: string, dialect: CsvDialect, rows: CsvRows): void {
  let line = 0;
  for (let at = 0; at < text.length;) {
    const end = parseRecord({ text, start: at, line }, dialect, rows);
    for (let i = text.indexOf("\n", at); i >= 0 && i < end; i = text.indexOf("\n", i + 1)) line++;
    at = end;
  }
}

/** Where a record begins, behind how many line feeds. */
export interface RecordPlace {
  readonly text: string;
  readonly start: number;
  readonly line: number;
}

/** Parses one record; an empty line or a comment is none. @returns where the next one begins. */
export function parseRecord({ text, start, line }: RecordPlace, dialect: CsvDialect, rows: CsvRows): number {
  const record = readRecord(text, start, dialect);
  const content = withoutLineEnd(text.slice(start, record.end));
  const isComment = dialect.comment !== "" && content.startsWith(dialect.comment);
  if (content !== "" && !isComment) {
    if (record.reason !== undefined) rows.invalid(line, content, record.reason);
    else rows.row(record.fields, line, content);
  }
  return record.end;
}

interface CsvRecord {
  readonly fields: string[];
  /** After its line end. */
  readonly end: number;
  /** Why it is none. */
  readonly reason?: string;
}

function readRecord(text: string, start: number, dialect: CsvDialect): CsvRecord {
  const fields: string[] = [];
  const lineEnd = endOfLine(text, start);
  if (dialect.comment !== "" && text.startsWith(dialect.comment, start)) return { fields, end: lineEnd };
  for (let at = start;;) {
    if (text[at] !== dialect.quote) {
      const end = Math.min(indexOrEnd(text, dialect.delimiter, at), indexOrEnd(text, "\n", at));
      const atLineEnd = text[end] !== dialect.delimiter;
      fields.push(atLineEnd ? withoutLineEnd(text.slice(at, end + 1)) : text.slice(at, end));
      if (atLineEnd) return { fields, end: Math.min(end + 1, text.length) };
      at = end + 1;
      continue;
    }
    const field = readQuoted(text, at, dialect.quote);
    if (field === undefined) return { fields, end: text.length, reason: "a quoted field has no closing quote" };
    fields.push(field.value);
    at = field.end;
    if (text[at] === dialect.delimiter) {
      at++;
      continue;
    }
    if (at >= text.length || text[at] === "\n") return { fields, end: Math.min(at + 1, text.length) };
    if (text[at] === "\r" && (at + 1 >= text.length || text[at + 1] === "\n")) {
      return { fields, end: Math.min(at + 2, text.length) };
    }
    return { fields, end: endOfLine(text, at), reason: `text after the closing quote of field ${fields.length}` };
  }
}

function readQuoted(text: string, start: number, quote: string): { value: string; end: number } | undefined {
  let value = "";
  for (let from = start + 1;;) {
    const close = text.indexOf(quote, from);
    if (close < 0) return undefined;
    value += text.slice(from, close);
    if (text[close + 1] !== quote) return { value, end: close + 1 };
    value += quote;
    from = close + 2;
  }
}

function indexOrEnd(text: string, search: string, from: number): number {
  const index = text.indexOf(search, from);
  return index < 0 ? text.length : index;
}

function endOfLine(text: string, from: number): number {
  return Math.min(indexOrEnd(text, "\n", from) + 1, text.length);
}

const NEWLINE = 10;
/** Where the scanner stands. */
const Stand = { LINE_START: 0, FIELD_START: 1, PLAIN: 2, QUOTED: 3, QUOTE_IN_QUOTED: 4, SKIPPED: 5 } as const;

/** Record ends in bytes: line feeds outside quotes. Agrees with the parser on every input. */
export class CsvBoundaries implements RecordBoundaries {
  readonly #delimiter: number;
  readonly #quote: number;
  readonly #comment: number;
  #stand: number = Stand.LINE_START;

  constructor({ delimiter, quote, comment }: CsvDialect) {
    this.#delimiter = delimiter.charCodeAt(0);
    this.#quote = quote === "" ? -1 : quote.charCodeAt(0);
    this.#comment = comment === "" ? -1 : comment.charCodeAt(0);
  }

  nextEnd(chunk: Uint8Array, from: number): number {
    return this.#scan(chunk, from, true);
  }

  lastEnd(chunk: Uint8Array): number {
    const inQuotes = this.#stand === Stand.QUOTED || this.#stand === Stand.QUOTE_IN_QUOTED;
    if (!inQuotes && (this.#quote < 0 || !chunk.includes(this.#quote))) {
      const end = chunk.lastIndexOf(NEWLINE) + 1;
      if (end > 0) this.#stand = Stand.LINE_START;
      this.#scan(chunk, end, true);
      return end > 0 ? end : -1;
    }
    return this.#scan(chunk, 0, false);
  }

  /** The first record end from there on, or the last one; -1 without any. */
  #scan(chunk: Uint8Array, from: number, first: boolean): number {
    const [delimiter, quote, comment, { length }] = [this.#delimiter, this.#quote, this.#comment, chunk];
    let stand = this.#stand;
    let end = -1;
    for (let i = from; i < length; i++) {
      let byte = chunk[i];
      if (stand === Stand.QUOTED) {
        while (byte !== quote && ++i < length) byte = chunk[i];
        if (i < length) stand = Stand.QUOTE_IN_QUOTED;
        continue;
      }
      if (stand === Stand.PLAIN) { while (byte !== delimiter && byte !== NEWLINE && ++i < length) byte = chunk[i]; }
      if (i === length) break;
      if (byte === NEWLINE) {
        stand = Stand.LINE_START;
        end = i + 1;
        if (first) break;
      } else if (stand === Stand.QUOTE_IN_QUOTED) {
        // Anything but a delimiter makes the record invalid (or is the return before a line feed): it ends with its line.
        stand = byte === quote ? Stand.QUOTED : byte === delimiter ? Stand.FIELD_START : Stand.SKIPPED;
      } else if (stand === Stand.LINE_START && byte === comment) stand = Stand.SKIPPED;
      else if (stand < Stand.PLAIN && byte === quote) stand = Stand.QUOTED;
      else if (stand !== Stand.SKIPPED) stand = byte === delimiter ? Stand.FIELD_START : Stand.PLAIN;
    }
    this.#stand = stand;
    return end;
  }
}
