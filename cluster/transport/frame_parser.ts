/**
 * Cuts the bytes of a stream into frames: u32 little-endian length, then the frame. A frame that lies whole in one chunk
 * is handed out as a view onto it, others are put together in memory of their own.
 *
 * Caller: h2_transport.ts.
 *
 * @module
 */

/** Bytes before each frame. */
export const PREFIX_BYTES = 4;

/** Larger frames are rare: memory for them is not kept. */
const MAX_SCRATCH_BYTES = 1024 * 1024;

/** What a parser is made from. */
export interface FrameParserOptions {
  readonly onFrame: (frame: Uint8Array<ArrayBuffer>) => void;
  /** A frame of that size is about to come; false ends the stream here. */
  readonly accepts: (bytes: number) => boolean;
}

/** See the module. */
export class FrameParser {
  readonly #options: FrameParserOptions;
  readonly #prefix: Uint8Array<ArrayBuffer> = new Uint8Array(PREFIX_BYTES);
  #prefixFilled = 0;
  /** Frames are put together in the same memory again and again; see Connection.lendsFrames. */
  lendsFrames = false;
  #scratch: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #frame: Uint8Array<ArrayBuffer> | undefined;
  #frameFilled = 0;
  #isStopped = false;

  constructor(options: FrameParserOptions) {
    this.#options = options;
  }

  /** Whether the stream may end here without cutting a frame. */
  get isBetweenFrames(): boolean {
    return this.#frame === undefined && this.#prefixFilled === 0;
  }

  /** Nothing is handed out any more. */
  stop(): void {
    this.#isStopped = true;
    this.#frame = undefined;
  }

  /** Takes over the bytes. */
  push(chunk: Uint8Array<ArrayBuffer>): void {
    let at = 0;
    while (at < chunk.length && !this.#isStopped) {
      at = this.#frame === undefined ? this.#begin(chunk, at) : this.#continue(this.#frame, chunk, at);
    }
  }

  /** At the prefix of a frame, or inside it. @returns How far it came. */
  #begin(chunk: Uint8Array<ArrayBuffer>, at: number): number {
    const missing = PREFIX_BYTES - this.#prefixFilled;
    const taken = Math.min(missing, chunk.length - at);
    for (let i = 0; i < taken; i++) this.#prefix[this.#prefixFilled + i] = chunk[at + i];
    this.#prefixFilled += taken;
    if (this.#prefixFilled < PREFIX_BYTES) return at + taken;
    this.#prefixFilled = 0;
    const [a, b, c, d] = this.#prefix;
    const length = (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
    if (!this.#options.accepts(length)) {
      this.stop();
      return chunk.length;
    }
    const from = at + taken;
    if (chunk.length - from >= length) {
      this.#options.onFrame(chunk.subarray(from, from + length));
      return from + length;
    }
    this.#frame = this.lendsFrames && length <= MAX_SCRATCH_BYTES ? this.#borrow(length) : new Uint8Array(length);
    this.#frameFilled = 0;
    return from;
  }

  #borrow(length: number): Uint8Array<ArrayBuffer> {
    if (this.#scratch.length < length) this.#scratch = new Uint8Array(Math.max(length, 65_536));
    return this.#scratch.subarray(0, length);
  }

  #continue(frame: Uint8Array<ArrayBuffer>, chunk: Uint8Array<ArrayBuffer>, at: number): number {
    const taken = Math.min(frame.length - this.#frameFilled, chunk.length - at);
    frame.set(taken === chunk.length ? chunk : chunk.subarray(at, at + taken), this.#frameFilled);
    this.#frameFilled += taken;
    if (this.#frameFilled === frame.length) {
      this.#frame = undefined;
      this.#options.onFrame(frame);
    }
    return at + taken;
  }
}
