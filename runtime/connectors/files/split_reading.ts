/**
 * Reads one split of a file source: header, chunks of whole records, decoding, invalid lines. Called by source.ts
 * through the fetching reader.
 *
 * Invariant: a position is the offset (in decompressed bytes) at which a record begins, so reading on from one gives
 * exactly the records behind it.
 *
 * @module
 */

import type { OpenContext, SourceBatch } from "../fetching_reader.ts";
import { compressionOf, readBytes } from "./byte_stream.ts";
import { invalidLineError, type InvalidLinePolicy, InvalidRecord } from "./invalid_lines.ts";
import { LineNumbers } from "./line_numbers.ts";
import { LineBoundaries, type RecordBoundaries, type RecordChunk, recordChunks } from "./record_chunks.ts";
import type { InvalidLine, RecordDecoder, RecordFormat } from "./record_format.ts";

/** A part of a file; plain data. */
export interface FileRange {
  readonly path: string;
  /** Records that begin at or after this offset ... */
  readonly start: number;
  /** ... and before this one; null = up to the end of the file. */
  readonly end: number | null;
}

/** How a {@link FileRange} is read. */
export interface SplitReadingOptions<T> {
  readonly format: RecordFormat<T>;
  readonly onInvalidLine: InvalidLinePolicy;
  readonly maxLineBytes: number;
}

/** Reads a split from a position on. */
export function readSplit<T>(
  range: FileRange,
  position: number | undefined,
  options: SplitReadingOptions<T> & { readonly context: OpenContext },
): AsyncGenerator<SourceBatch<T | InvalidRecord, number>, void> {
  return new SplitReading<T>(range, options, options.context).read(position);
}

interface InvalidLineAt {
  readonly line: number;
  readonly content: string;
  readonly reason: string;
}

class SplitReading<T> {
  readonly #range: FileRange;
  readonly #options: SplitReadingOptions<T>;
  readonly #context: OpenContext;
  readonly #lines: LineNumbers;
  readonly #text: TextDecoder;

  constructor(range: FileRange, options: SplitReadingOptions<T>, context: OpenContext) {
    this.#range = range;
    this.#options = options;
    this.#context = context;
    this.#lines = new LineNumbers(context.reader.files, range.path, context.signal);
    this.#text = new TextDecoder(options.format.charset ?? "utf-8", { ignoreBOM: true });
  }

  async *read(position: number | undefined): AsyncGenerator<SourceBatch<T | InvalidRecord, number>, void> {
    const { path, start, end } = this.#range;
    const { format } = this.#options;
    const header = format.hasHeader ? await this.#readHeader() : undefined;
    const decoder = format.createDecoder(header?.text, path, {
      generated: this.#context.reader.generatesDecoders,
    });
    const headerEnd = header?.end ?? 0;
    // A record begins at a position, at the beginning of the file and behind the header; elsewhere it is looked for.
    const aligned = position !== undefined || start <= headerEnd;
    const begin = position ?? Math.max(start, headerEnd);
    if (end !== null && begin >= end) return;
    for await (const chunk of this.#chunks(aligned, begin, end ?? Infinity)) {
      yield* this.#decode(chunk, decoder);
      this.#lines.pass(chunk.bytes);
      if (this.#context.signal.aborted) return;
    }
  }

  #chunks(aligned: boolean, begin: number, end: number): AsyncGenerator<RecordChunk, void> {
    const { path } = this.#range;
    return recordChunks({
      bytes: readBytes({
        files: this.#context.reader.files,
        path,
        start: aligned ? begin : begin - 1,
        signal: this.#context.signal,
        onSkipped: (bytes) => this.#lines.pass(bytes),
      }),
      start: begin,
      end,
      aligned,
      boundaries: this.#boundaries(),
      maxRecordBytes: this.#options.maxLineBytes,
      locate: async (offset) => `${path}:${await this.#lines.before(offset) + 1}`,
    });
  }

  #boundaries(): RecordBoundaries {
    return this.#options.format.createBoundaries?.() ?? new LineBoundaries();
  }

  /** The first record of the file, whichever part of it is read. */
  async #readHeader(): Promise<{ readonly text: string; readonly end: number } | undefined> {
    const boundaries = this.#boundaries();
    const { signal, reader } = this.#context;
    const pieces: Uint8Array[] = [];
    let end = 0;
    for await (const chunk of readBytes({ files: reader.files, path: this.#range.path, start: 0, signal })) {
      const cut = boundaries.nextEnd(chunk, 0);
      pieces.push(cut < 0 ? chunk : chunk.subarray(0, cut));
      end += pieces[pieces.length - 1].length;
      if (cut >= 0 || end > this.#options.maxLineBytes) break;
    }
    if (end === 0) return undefined;
    const text = pieces.map((piece) => this.#text.decode(piece, { stream: true })).join("") + this.#text.decode();
    return { text: withoutByteOrderMark(text), end };
  }

  async *#decode(
    chunk: RecordChunk,
    decoder: RecordDecoder<T>,
  ): AsyncGenerator<SourceBatch<T | InvalidRecord, number>, void> {
    const decoded = this.#text.decode(chunk.bytes);
    const text = chunk.start === 0 ? withoutByteOrderMark(decoded) : decoded;
    const records: (T | InvalidRecord)[] = [];
    const invalid: { readonly at: InvalidLineAt; readonly index: number }[] = [];
    const found = {
      add: (record: T) => void records.push(record),
      invalid: (line: number, content: string, reason: string) =>
        void invalid.push({ at: { line, content, reason }, index: records.length }),
    };
    decoder.decode(text, found, this.#isByteText(text, chunk) ? chunk.bytes : undefined);
    if (invalid.length > 0) {
      const policy = this.#options.onInvalidLine;
      if (policy === "fail") {
        // What comes before the line still goes out.
        yield { records: records.slice(0, invalid[0].index), position: offsetOfLine(chunk, invalid[0].at.line) };
        throw invalidLineError(this.#options.format.name, await this.#locate(invalid[0].at, chunk));
      }
      this.#context.reader.metricGroup.counter("numInvalidLines").inc(invalid.length);
      if (policy !== "skip") {
        // From the last to the first, so that the places of the others stay right.
        for (const { at, index } of invalid.reverse()) {
          records.splice(index, 0, new InvalidRecord(await this.#locate(at, chunk)));
        }
      }
    }
    yield { records, position: chunk.start + chunk.bytes.length, isPlain: invalid.length === 0 };
  }

  /** Whether every byte has become one character: in UTF-8 no byte becomes more than that. */
  #isByteText(text: string, { bytes }: RecordChunk): boolean {
    return text.length === bytes.length && this.#text.encoding === "utf-8";
  }

  async #locate({ line, content, reason }: InvalidLineAt, chunk: RecordChunk): Promise<InvalidLine> {
    const before = await this.#lines.before(chunk.start);
    return { path: this.#range.path, line: before + line + 1, content, reason };
  }
}

function offsetOfLine({ bytes, start }: RecordChunk, line: number): number {
  let offset = 0;
  for (let i = 0; i < line; i++) offset = bytes.indexOf(10, offset) + 1;
  return start + offset;
}

function withoutByteOrderMark(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

/** Whether a file of that name can be read from the middle. */
export function isSplittable<T>(path: string, format: RecordFormat<T>): boolean {
  return format.splittable && compressionOf(path) === "none";
}
