/**
 * Growing writer and bounds-checked reader of bytes: the alphabet of every format of the project that is not columnar.
 * Little-endian; lengths are varints; text is UTF-8, or UTF-16 when it has lone surrogates, so every string comes back
 * as it was.
 *
 * Callers: serializers in types/, snapshot runs in state/, operators that keep bytes.
 *
 * @module
 */

import { JobExecutionError } from "../errors.ts";
import { TextView } from "./native_text.ts";

/** Up to this many units a character loop beats the native call. */
const SHORT_TEXT = 24;
const TWO_POW_32 = 2 ** 32;
/** A varint has at most eight bytes. */
const VARINT_END = 2 ** 56;
/** Larger bigints are read by way of their digits, as they are written. */
const SHORT_LIMBS = 16;

/** Appends values to a buffer that grows. */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  /** Made at first use: many writers never see long text. */
  #text: TextView | undefined;
  #length = 0;

  /** @param capacity First size in bytes; it doubles as needed. */
  constructor(capacity: number = 256) {
    this.#bytes = new Uint8Array(Math.max(16, capacity));
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Number of bytes written. */
  get length(): number {
    return this.#length;
  }
  /** Goes back to an earlier {@link length}; the bytes behind it are forgotten, the memory is kept. */
  truncate(length: number): void {
    if (length < this.#length) this.#length = length;
  }
  /** Forgets everything; the memory is kept for the next use unless it is more than `keepBytes`. */
  clear(keepBytes: number = 1024 * 1024): void {
    this.#length = 0;
    if (this.#bytes.length <= keepBytes) return;
    this.#bytes = new Uint8Array(16);
    this.#view = new DataView(this.#bytes.buffer);
    this.#text = undefined;
  }
  /** A copy of what was written. */
  toBytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }
  /** What was written, without a copy; valid until the next write. */
  view(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }
  /** Makes room for `count` bytes and moves past them; their content is undefined until {@link patchU32} or raw access. */
  reserve(count: number): number {
    const start = this.#length;
    if (start + count > this.#bytes.length) this.#grow(start + count);
    this.#length = start + count;
    return start;
  }
  #grow(needed: number): void {
    const bytes = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    bytes.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
    this.#text = undefined;
  }

  u8(value: number): void {
    if (this.#length === this.#bytes.length) this.#grow(this.#length + 1);
    this.#bytes[this.#length++] = value;
  }
  i32(value: number): void {
    const at = this.reserve(4);
    this.#view.setInt32(at, value, true);
  }
  u32(value: number): void {
    const at = this.reserve(4);
    this.#view.setUint32(at, value, true);
  }
  /** Zeros up to the next multiple of `size`. */
  align(size: number): void {
    while (this.#length % size !== 0) this.u8(0);
  }
  /** Overwrites one byte written earlier. */
  patchU8(at: number, value: number): void {
    this.#bytes[at] = value;
  }
  /** Overwrites four bytes written or reserved earlier. */
  patchU32(at: number, value: number): void {
    this.#view.setUint32(at, value, true);
  }
  f64(value: number): void {
    const at = this.reserve(8);
    this.#view.setFloat64(at, value, true);
  }
  /** A non-negative safe integer in 1 to 8 bytes, seven bits each. */
  varint(value: number): void {
    while (value >= TWO_POW_32) {
      this.u8((value % 128) | 0x80);
      value = Math.floor(value / 128);
    }
    value >>>= 0;
    while (value > 0x7f) {
      this.u8((value & 0x7f) | 0x80);
      value >>>= 7;
    }
    this.u8(value);
  }
  /** Any bigint: sign and magnitude, as short as possible, so equal values have equal bytes. */
  bigint(value: bigint): void {
    // By its digits: limb by limb takes time by the square of the length.
    const digits = value === 0n ? "" : (value < 0n ? -value : value).toString(16);
    this.varint(Math.ceil(digits.length / 8) * 2 + (value < 0n ? 1 : 0));
    for (let end = digits.length; end > 0; end -= 8) this.u32(parseInt(digits.slice(Math.max(0, end - 8), end), 16));
  }
  /** Bytes with their length before them. */
  bytes(value: Uint8Array): void {
    this.varint(value.length);
    this.raw(value);
  }
  /** Bytes as they are. */
  raw(value: Uint8Array): void {
    const at = this.reserve(value.length);
    this.#bytes.set(value, at);
  }
  /** The lowest byte of each of the first `count` numbers. */
  lowBytes(values: Uint32Array, count: number): void {
    const at = this.reserve(count);
    const bytes = this.#bytes;
    for (let i = 0; i < count; i++) bytes[at + i] = values[i];
  }
  /** Text with its length before it: `bytes * 2`, plus one when it is UTF-16. */
  string(value: string): void {
    const length = value.length;
    if (length <= SHORT_TEXT && this.#shortAscii(value, length)) return;
    if (!value.isWellFormed()) {
      this.varint(length * 4 + 1);
      const at = this.reserve(length * 2);
      this.#textView().writeUtf16(value, at);
      return;
    }
    // The length goes in front, so guess its width from ASCII and move the text when the guess was short.
    const start = this.#length;
    this.varint(length * 2);
    const textAt = this.reserve(length * 3);
    const written = this.#textView().writeUtf8(value, textAt);
    const shift = start + varintWidth(written * 2) - textAt;
    if (shift > 0) {
      this.#length = textAt + written;
      this.reserve(shift);
      this.#bytes.copyWithin(textAt + shift, textAt, textAt + written);
    }
    this.#length = start;
    this.varint(written * 2);
    this.#length += written;
  }
  #textView(): TextView {
    return this.#text ??= new TextView(this.#bytes);
  }
  #shortAscii(value: string, length: number): boolean {
    if (this.#length + length + 1 > this.#bytes.length) this.#grow(this.#length + length + 1);
    const bytes = this.#bytes;
    let at = this.#length;
    bytes[at++] = length * 2;
    for (let i = 0; i < length; i++) {
      const unit = value.charCodeAt(i);
      if (unit > 0x7f) return false;
      bytes[at++] = unit;
    }
    this.#length = at;
    return true;
  }
  /** Text without a length, UTF-8. The caller knows that it is well formed and keeps the length. @returns the bytes. */
  rawUtf8(value: string): number {
    const at = this.reserve(value.length * 3);
    const written = this.#textView().writeUtf8(value, at);
    this.#length = at + written;
    return written;
  }
  /** Text without a length, UTF-16. */
  rawUtf16(value: string): void {
    const at = this.reserve(value.length * 2);
    this.#textView().writeUtf16(value, at);
  }
}

/** Reads what a {@link ByteWriter} wrote. Reading past the end is an error (TSF-2106), never undefined data. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #end: number;
  #text: TextView | undefined;
  #position: number;

  /** Reads `bytes` from `start` to `end`, by default all of it. */
  constructor(bytes: Uint8Array, start: number = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#position = start;
    this.#end = Math.min(end, bytes.length);
  }

  /** Offset of the next byte. */
  get position(): number {
    return this.#position;
  }
  /** Number of bytes left. */
  get remaining(): number {
    return this.#end - this.#position;
  }
  /** Moves past `count` bytes and returns where they start. */
  skip(count: number): number {
    const start = this.#position;
    if (!(count >= 0) || start + count > this.#end) throw truncated(`${count} more bytes`, `${this.#end - start}`);
    this.#position = start + count;
    return start;
  }

  /** @throws JobExecutionError TSF-2106 when bytes are left. */
  assertEnd(): void {
    if (this.remaining > 0) throw truncated("nothing more", `${this.remaining} bytes`);
  }

  /** Moves to the next multiple of `size` from the start of the bytes. */
  align(size: number): void {
    this.skip((size - (this.#position % size)) % size);
  }

  u8(): number {
    return this.#bytes[this.skip(1)];
  }
  i32(): number {
    return this.#view.getInt32(this.skip(4), true);
  }
  u32(): number {
    return this.#view.getUint32(this.skip(4), true);
  }
  f64(): number {
    return this.#view.getFloat64(this.skip(8), true);
  }
  varint(): number {
    let byte = this.u8();
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    let scale = 128;
    do {
      byte = this.u8();
      value += (byte & 0x7f) * scale;
      scale *= 128;
    } while (byte >= 0x80 && scale < VARINT_END);
    if (byte >= 0x80 || value > Number.MAX_SAFE_INTEGER) throw truncated("a varint", "one of too many bytes");
    return value;
  }
  bigint(): bigint {
    const header = this.varint();
    const limbs = Math.floor(header / 2);
    const start = this.skip(limbs * 4);
    let value = 0n;
    if (limbs <= SHORT_LIMBS) {
      for (let i = limbs - 1; i >= 0; i--) value = (value << 32n) | BigInt(this.#view.getUint32(start + i * 4, true));
    } else {
      let digits = "0x";
      for (let i = limbs - 1; i >= 0; i--) {
        digits += this.#view.getUint32(start + i * 4, true).toString(16).padStart(8, "0");
      }
      value = BigInt(digits);
    }
    return header % 2 === 1 ? -value : value;
  }
  /** A copy of bytes with their length before them. */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.raw(this.varint());
  }
  /** A copy of the next `count` bytes. */
  raw(count: number): Uint8Array<ArrayBuffer> {
    const start = this.skip(count);
    return new Uint8Array(this.#bytes.subarray(start, start + count));
  }
  string(): string {
    const header = this.varint();
    const count = Math.floor(header / 2);
    const start = this.skip(count);
    if (header % 2 === 1) return this.#utf16(start, count);
    if (count > SHORT_TEXT) return this.#textView().readUtf8(start, start + count);
    let text = "";
    for (let i = start; i < start + count; i++) {
      const byte = this.#bytes[i];
      if (byte > 0x7f) return this.#textView().readUtf8(start, start + count);
      text += String.fromCharCode(byte);
    }
    return text;
  }
  /** Text of `count` bytes in the given form, without a length. */
  rawText(count: number, form: "ascii" | "utf8" | "utf16"): string {
    const start = this.skip(count);
    const text = this.#textView();
    if (form === "ascii") return text.readAscii(start, start + count);
    return form === "utf8" ? text.readUtf8(start, start + count) : this.#utf16(start, count);
  }
  #utf16(start: number, count: number): string {
    if (count % 2 === 1) throw truncated("two bytes for each unit of text", `${count} bytes`);
    return this.#textView().readUtf16(start, start + count);
  }
  #textView(): TextView {
    return this.#text ??= new TextView(this.#bytes);
  }
}

function varintWidth(value: number): number {
  let width = 1;
  for (; value >= 128; value = Math.floor(value / 128)) width++;
  return width;
}

function truncated(expected: string, found: string): JobExecutionError {
  return new JobExecutionError("TSF-2106", "Serialized data ends too early or is damaged", {
    expected,
    found,
    hint: "The bytes were cut, changed, or written by something else.",
  });
}
