/**
 * Text to bytes and back by the runtime's native calls, over any Uint8Array. The only place that knows them: they are
 * several times faster than TextEncoder and TextDecoder for short runs, but not part of the typed surface of Buffer.
 *
 * Invariant: UTF-8 is used for well-formed text only, so nothing is ever replaced; text with lone surrogates travels as
 * UTF-16. Callers: byte_buffer.ts and the text columns of the columnar codec.
 *
 * @module
 */

import { Buffer } from "node:buffer";

/** The untyped native calls of a Buffer. */
interface NativeText {
  utf8Write(text: string, offset: number, length: number): number;
  ucs2Write(text: string, offset: number, length: number): number;
  utf8Slice(start: number, end: number): string;
  latin1Slice(start: number, end: number): string;
  ucs2Slice(start: number, end: number): string;
}

/** Reads and writes text in one byte range; make one per buffer, not per call. */
export class TextView {
  readonly #native: NativeText;

  constructor(bytes: Uint8Array) {
    this.#native = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) as unknown as NativeText;
  }

  /** Writes well-formed text; three bytes per UTF-16 unit must be free. @returns the number of bytes. */
  writeUtf8(text: string, offset: number): number {
    return text.length === 0 ? 0 : this.#native.utf8Write(text, offset, text.length * 3);
  }
  /** Writes any text, two bytes per unit. */
  writeUtf16(text: string, offset: number): void {
    if (text.length > 0) this.#native.ucs2Write(text, offset, text.length * 2);
  }
  /** Reads text of which every byte is one character below 0x80. */
  readAscii(start: number, end: number): string {
    return this.#native.latin1Slice(start, end);
  }
  readUtf8(start: number, end: number): string {
    return this.#native.utf8Slice(start, end);
  }
  readUtf16(start: number, end: number): string {
    return this.#native.ucs2Slice(start, end);
  }
}
