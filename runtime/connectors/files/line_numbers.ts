/**
 * Line numbers of byte offsets, counted only when an error asks for one. Used by split_reading.ts.
 *
 * @module
 */

import type { LocalFiles } from "../../seams/local_files.ts";
import { compressionOf, readBytes } from "./byte_stream.ts";

const NEWLINE = 10;

/** The line feeds in some bytes. */
export function countLines(bytes: Uint8Array): number {
  let count = 0;
  for (let i = bytes.indexOf(NEWLINE); i >= 0; i = bytes.indexOf(NEWLINE, i + 1)) count++;
  return count;
}

/** Knows the line at one offset and counts on from there. */
export class LineNumbers {
  readonly #files: LocalFiles;
  readonly #path: string;
  readonly #signal: AbortSignal;
  #offset = 0;
  #lines = 0;

  constructor(files: LocalFiles, path: string, signal: AbortSignal) {
    this.#files = files;
    this.#path = path;
    this.#signal = signal;
  }

  /** Takes bytes that pass by and cannot be read again cheaply (compressed files). */
  pass(bytes: Uint8Array): void {
    if (compressionOf(this.#path) === "none") return;
    this.#lines += countLines(bytes);
    this.#offset += bytes.length;
  }

  /** Lines that end before `offset`. */
  async before(offset: number): Promise<number> {
    if (offset < this.#offset) {
      this.#offset = 0;
      this.#lines = 0;
    }
    let left = offset - this.#offset;
    if (left === 0) return this.#lines;
    const request = { files: this.#files, path: this.#path, start: this.#offset, signal: this.#signal };
    for await (const chunk of readBytes(request)) {
      this.#lines += countLines(chunk.subarray(0, Math.min(left, chunk.length)));
      left -= chunk.length;
      if (left <= 0) break;
    }
    this.#offset = offset;
    return this.#lines;
  }
}
