/**
 * Numbers and text of one column as bytes. All strings of a column are one run of text behind their lengths in UTF-16
 * units: it is written and read in one native call, and two strings that meet in a surrogate pair come apart again. The
 * run is ASCII, UTF-8 or, when it has lone surrogates or is shorter so, UTF-16.
 *
 * Callers: column_buffer.ts and column_reader.ts.
 *
 * @module
 */

import { JobExecutionError } from "../errors.ts";
import type { ByteReader, ByteWriter } from "./byte_buffer.ts";

/** How the text of a column is written. Part of the format: never renumber. */
const TextForm = { ASCII: 0, UTF8: 1, UTF16: 2 } as const;
/** Added to the form when all strings are the same: then length and text are there once. */
const REPEATED = 4;
/** Fewer strings are written one by one. */
const MIN_REPEATED = 8;

type Numbers =
  | Int32Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>;

/** What is read and where: the bytes, and the same bytes for typed views. */
export interface ColumnInput {
  readonly bytes: Uint8Array;
  readonly reader: ByteReader;
}

/** Bytes of the length of a string. */
export function lengthWidth(length: number): 1 | 2 | 4 {
  return length < 256 ? 1 : length < 65536 ? 2 : 4;
}

/** Appends the first `count` numbers, aligned to their size. */
export function writeNumbers(out: ByteWriter, values: Numbers, count: number): void {
  out.align(values.BYTES_PER_ELEMENT);
  out.raw(new Uint8Array(values.buffer, values.byteOffset, count * values.BYTES_PER_ELEMENT));
}

/** Where `count` numbers of `size` bytes start in the buffer behind the bytes; moves past them. */
export function numbersAt(input: ColumnInput, count: number, size: number): number {
  input.reader.align(size);
  return input.bytes.byteOffset + input.reader.skip(count * size);
}

/** The strings of a column before they are written. */
export interface TextToWrite {
  /** All strings in a row; may be longer than the lengths say, the rest is left out. */
  readonly text: string;
  /** The text is one string, which all rows hold. */
  readonly isOneText: boolean;
  readonly lengths: Uint32Array<ArrayBuffer>;
  /** How many of the lengths count. */
  readonly count: number;
}

/** Appends form and width of the lengths, number of bytes of text, lengths, text. */
export function writeText(out: ByteWriter, { text, isOneText, lengths, count }: TextToWrite): void {
  if (isOneText && count >= MIN_REPEATED) return writeStrings(out, text, lengths, 1, REPEATED);
  writeStrings(out, isOneText ? text.repeat(count) : text, lengths, count, 0);
}

function writeStrings(
  out: ByteWriter,
  text: string,
  lengths: Uint32Array<ArrayBuffer>,
  count: number,
  repeated: number,
): void {
  let units = 0;
  let longest = 0;
  for (let i = 0; i < count; i++) {
    const length = lengths[i];
    units += length;
    if (length > longest) longest = length;
  }
  if (units < text.length) text = text.substring(0, units);
  const width = lengthWidth(longest);
  const start = out.length;
  out.u8(0);
  out.u32(0);
  if (width === 1) out.lowBytes(lengths, count);
  else writeNumbers(out, width === 2 ? Uint16Array.from(lengths.subarray(0, count)) : lengths, count);
  const textAt = out.length;
  let form: number = text.isWellFormed() ? TextForm.UTF8 : TextForm.UTF16;
  if (form === TextForm.UTF8) {
    const bytes = out.rawUtf8(text);
    if (bytes === units) form = TextForm.ASCII;
    else if (bytes > units * 2) {
      out.truncate(textAt);
      form = TextForm.UTF16;
    }
  }
  if (form === TextForm.UTF16) out.rawUtf16(text);
  out.patchU8(start, (form + repeated) * 16 + width);
  out.patchU32(start + 1, out.length - textAt);
}

/** One value in all rows of a column. */
export class RepeatedValue {
  constructor(readonly value: unknown) {}

  toArray(count: number): unknown[] {
    return new Array<unknown>(count).fill(this.value);
  }
}

/** Strings of a column that are still one text. */
export class TextRun {
  /** The lengths add up to that of the text. */
  constructor(readonly text: string, readonly lengths: ArrayLike<number>) {}

  toArray(count: number): string[] {
    const { text, lengths } = this;
    const values = new Array<string>(count);
    let end = 0;
    for (let i = 0; i < count; i++) {
      const start = end;
      end += lengths[i];
      values[i] = text.substring(start, end);
    }
    return values;
  }
}

/** Reads the strings of `count` rows. */
export function readText(input: ColumnInput, count: number): TextRun | RepeatedValue {
  const { reader } = input;
  const header = reader.u8();
  const byteLength = reader.u32();
  const repeated = (header >> 4) & REPEATED;
  const lengths = readLengths(input, repeated === 0 ? count : 1, header & 15);
  const form = (header >> 4) - repeated;
  if (form > TextForm.UTF16) throw damaged(`text of form ${form}`);
  const text = reader.rawText(
    byteLength,
    form === TextForm.ASCII ? "ascii" : form === TextForm.UTF8 ? "utf8" : "utf16",
  );
  let units = 0;
  for (let i = 0; i < lengths.length; i++) units += lengths[i];
  if (units !== text.length) throw damaged(`${text.length} characters where ${units} were counted`);
  return repeated === 0 ? new TextRun(text, lengths) : new RepeatedValue(text);
}

function readLengths(input: ColumnInput, count: number, width: number): ArrayLike<number> {
  if (width !== 1 && width !== 2 && width !== 4) throw damaged(`lengths of ${width} bytes`);
  const start = numbersAt(input, count, width);
  if (width === 1) return new Uint8Array(input.bytes.buffer, start, count);
  return width === 2
    ? new Uint16Array(input.bytes.buffer, start, count)
    : new Uint32Array(input.bytes.buffer, start, count);
}

/** The error for bytes that no encoder has written. */
export function damaged(found: string): JobExecutionError {
  return new JobExecutionError("TSF-2106", "A batch of records is damaged", { found });
}
