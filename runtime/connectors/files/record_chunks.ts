/**
 * Cuts the bytes of one split into chunks of whole records. A record belongs to the split its first byte lies in, so
 * for any cut of a file into splits every record is read exactly once.
 *
 * @module
 */

import { JobExecutionError } from "../../errors.ts";

/** Finds the ends of records in consecutive chunks of bytes; may keep state between chunks. */
export interface RecordBoundaries {
  /** The offset after the first record end at or after `from`, or -1. Call with growing `from` within one chunk. */
  nextEnd(chunk: Uint8Array, from: number): number;
  /** The offset after the last record end, or -1; takes the chunk as seen. */
  lastEnd(chunk: Uint8Array): number;
}

const NEWLINE = 10;

/** Every line feed ends a record. */
export class LineBoundaries implements RecordBoundaries {
  nextEnd(chunk: Uint8Array, from: number): number {
    const index = chunk.indexOf(NEWLINE, from);
    return index < 0 ? -1 : index + 1;
  }
  lastEnd(chunk: Uint8Array): number {
    const index = chunk.lastIndexOf(NEWLINE);
    return index < 0 ? -1 : index + 1;
  }
}

/** Some whole records. */
export interface RecordChunk {
  readonly bytes: Uint8Array;
  /** Offset of the first byte in the file. */
  readonly start: number;
}

/** What {@link recordChunks} cuts. */
export interface ChunkRequest {
  /** Bytes from `start` on, or from the byte before it with `aligned` false. */
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly start: number;
  /** The split ends before this offset; records that begin before it belong to it. */
  readonly end: number;
  /** Whether a record begins at `start`; otherwise the first one begins after the next line feed. */
  readonly aligned: boolean;
  readonly boundaries: RecordBoundaries;
  readonly maxRecordBytes: number;
  /** Names the record for the error: "path:line". */
  readonly locate: (offset: number) => Promise<string>;
}

/**
 * Gives the records of a split in chunks.
 *
 * @throws JobExecutionError TSF-3011 when a record is longer than allowed.
 */
export async function* recordChunks(request: ChunkRequest): AsyncGenerator<RecordChunk, void> {
  const { end, boundaries, maxRecordBytes } = request;
  let aligned = request.aligned;
  const rest = new Rest();
  // Offset of the chunk in the file.
  let offset = aligned ? request.start : request.start - 1;
  for await (let chunk of request.bytes) {
    if (!aligned) {
      const begin = chunk.indexOf(NEWLINE) + 1;
      offset += begin === 0 ? chunk.length : begin;
      if (begin === 0) continue;
      aligned = true;
      if (offset >= end) return;
      chunk = chunk.subarray(begin);
    }
    const last = offset + chunk.length >= end ? boundaries.nextEnd(chunk, Math.max(end - 1 - offset, 0)) : -1;
    const cut = last > 0 ? last : boundaries.lastEnd(chunk);
    if (cut > 0) {
      const whole = rest.take(chunk.subarray(0, cut), offset);
      await checkLengths(request, whole.bytes, whole.start);
      yield whole;
    }
    if (last > 0) return;
    rest.keep(cut > 0 ? chunk.subarray(cut) : chunk);
    offset += chunk.length;
    if (rest.length > maxRecordBytes) throw await tooLong(request, rest.first(), offset - rest.length);
  }
  // The last record of a file needs no line feed.
  if (aligned && rest.length > 0) yield rest.take(new Uint8Array(0), offset);
}

/** A record may also be too long without spanning chunks. */
async function checkLengths(request: ChunkRequest, bytes: Uint8Array, start: number): Promise<void> {
  if (bytes.length <= request.maxRecordBytes) return;
  for (let begin = 0; begin < bytes.length;) {
    const end = bytes.indexOf(NEWLINE, begin);
    if (end - begin > request.maxRecordBytes) throw await tooLong(request, bytes.subarray(begin, end), start + begin);
    begin = end + 1;
  }
}

async function tooLong(request: ChunkRequest, bytes: Uint8Array, offset: number): Promise<JobExecutionError> {
  const beginning = new TextDecoder().decode(bytes.subarray(0, 80));
  return new JobExecutionError("TSF-3011", `Line too long: ${await request.locate(offset)}`, {
    expected: `at most ${request.maxRecordBytes} bytes`,
    found: `more, beginning ${JSON.stringify(beginning)}`,
    hint: "Raise maxLineBytes, or check that this is a text file.",
  });
}

/** The beginning of a record whose end was not seen yet; copied once, however many chunks it spans. */
class Rest {
  #pieces: Uint8Array[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  keep(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#pieces.push(bytes);
    this.#length += bytes.length;
  }

  /** Everything kept and `bytes`, which lie at `offset`. */
  take(bytes: Uint8Array, offset: number): RecordChunk {
    if (this.#length === 0) return { bytes, start: offset };
    const joined = new Uint8Array(this.#length + bytes.length);
    let at = 0;
    for (const piece of [...this.#pieces, bytes]) {
      joined.set(piece, at);
      at += piece.length;
    }
    const start = offset - this.#length;
    this.#pieces = [];
    this.#length = 0;
    return { bytes: joined, start };
  }

  /** Where the record begins. */
  first(): Uint8Array {
    return this.#pieces[0] ?? new Uint8Array(0);
  }
}
