/**
 * Finds where the frames of zstd data end. The runtime's decoder drops what follows a frame in the same piece of input
 * and takes a cut frame for a whole one; so byte_stream.ts feeds it frame by frame and asks here whether the last one
 * was complete. The layout is that of RFC 8878, section 3.1.
 *
 * @module
 */

const FRAME_MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const CHECKSUM_BYTES = 4;
const DICTIONARY_ID_BYTES = [0, 1, 2, 4];
const CONTENT_SIZE_BYTES = [0, 2, 4, 8];
const RLE_BLOCK = 1;

/** The next thing to read that says how long something is, by its number of bytes. */
const FIELD_BYTES = { magic: 4, descriptor: 1, block: 3, skippable: 4 };

/** Follows zstd data, however it is cut into pieces. */
export class ZstdFrames {
  #field: keyof typeof FIELD_BYTES = "magic";
  #value = 0;
  #bytesOfField = 0;
  /** Bytes before the next field. */
  #skip = 0;
  #checksumBytes = 0;

  /** Whether a frame may begin here, or the data end. */
  get betweenFrames(): boolean {
    return this.#field === "magic" && this.#bytesOfField === 0 && this.#skip === 0;
  }

  /** The parts of the next piece of data; none spans the end of a frame. */
  cut(bytes: Uint8Array): Uint8Array[] {
    const parts: Uint8Array[] = [];
    let begin = 0;
    for (let at = 0; at < bytes.length;) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, bytes.length - at);
        this.#skip -= skipped;
        at += skipped;
      } else this.#take(bytes[at++]);
      if (!this.betweenFrames) continue;
      parts.push(bytes.subarray(begin, at));
      begin = at;
    }
    if (begin < bytes.length) parts.push(bytes.subarray(begin));
    return parts;
  }

  #take(byte: number): void {
    this.#value += byte * 2 ** (8 * this.#bytesOfField++);
    if (this.#bytesOfField < FIELD_BYTES[this.#field]) return;
    const value = this.#value;
    this.#value = 0;
    this.#bytesOfField = 0;
    if (this.#field === "magic") this.#begin(value);
    else if (this.#field === "descriptor") this.#readDescriptor(value);
    else if (this.#field === "block") this.#readBlockHeader(value);
    else {
      this.#skip = value;
      this.#field = "magic";
    }
  }

  /** Anything else is left to the decoder, which refuses it. */
  #begin(magic: number): void {
    if (magic === FRAME_MAGIC) this.#field = "descriptor";
    else if (magic - magic % 16 === SKIPPABLE_MAGIC) this.#field = "skippable";
    else this.#skip = Infinity;
  }

  #readDescriptor(descriptor: number): void {
    const singleSegment = (descriptor >> 5) & 1;
    const contentSize = descriptor >> 6;
    this.#checksumBytes = (descriptor >> 2) & 1 ? CHECKSUM_BYTES : 0;
    // A window descriptor, or, in a single segment, at least one byte of content size.
    this.#skip = DICTIONARY_ID_BYTES[descriptor & 3] + CONTENT_SIZE_BYTES[contentSize] +
      (singleSegment === 0 || contentSize === 0 ? 1 : 0);
    this.#field = "block";
  }

  #readBlockHeader(header: number): void {
    const isLast = header & 1;
    this.#skip = ((header >> 1) & 3) === RLE_BLOCK ? 1 : header >> 3;
    if (isLast === 0) return;
    this.#skip += this.#checksumBytes;
    this.#field = "magic";
  }
}
