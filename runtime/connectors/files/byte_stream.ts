/**
 * The bytes of a file in order, decompressed where its name says so. Plain files start at any offset; compressed ones
 * have to be read from their beginning.
 *
 * @module
 */

import type { Transform } from "node:stream";
import { JobExecutionError } from "../../errors.ts";
import type { LocalFiles } from "../../seams/local_files.ts";
import { ZstdFrames } from "./zstd_frames.ts";

/** How a file is compressed. */
export type Compression = "none" | "gzip" | "zstd";

const BY_EXTENSION: readonly (readonly [string, Compression])[] = [
  [".gz", "gzip"],
  [".gzip", "gzip"],
  [".zst", "zstd"],
  [".zstd", "zstd"],
];

/** Bytes that are read from a file at once. */
const READ_BYTES = 128 * 1024;

/** The compression a file name stands for. */
export function compressionOf(path: string): Compression {
  const name = path.toLowerCase();
  return BY_EXTENSION.find(([extension]) => name.endsWith(extension))?.[1] ?? "none";
}

/** What {@link readBytes} reads. */
export interface ByteRequest {
  readonly files: LocalFiles;
  readonly path: string;
  /** Offset of the first byte wanted, in decompressed bytes. */
  readonly start: number;
  readonly signal: AbortSignal;
  /** Sees the bytes before `start` that have to be read nonetheless. */
  readonly onSkipped?: (bytes: Uint8Array) => void;
}

/**
 * Reads a file from an offset to its end. Every chunk is the caller's to keep. Ends early when the signal is aborted.
 *
 * @throws JobExecutionError TSF-3012 when compressed data is damaged, TSF-3015 when the file ends before `start`.
 */
export async function* readBytes(request: ByteRequest): AsyncGenerator<Uint8Array, void> {
  const compression = compressionOf(request.path);
  if (compression === "none") {
    yield* readPlain(request, request.start);
    return;
  }
  let left = request.start;
  for await (const chunk of decompressed(request, compression)) {
    if (left > 0) request.onSkipped?.(chunk.subarray(0, Math.min(left, chunk.length)));
    if (left < chunk.length) yield left === 0 ? chunk : chunk.subarray(left);
    left = Math.max(left - chunk.length, 0);
  }
  if (left > 0 && !request.signal.aborted) throw shrunk(request.path, request.start, request.start - left);
}

async function* readPlain({ files, path, signal }: ByteRequest, start: number): AsyncGenerator<Uint8Array, void> {
  const file = await files.open(path);
  try {
    const size = await file.sizeBytes();
    if (start > size) throw shrunk(path, start, size);
    for (let position = start; !signal.aborted;) {
      // A file that grows while it is read is read to its end.
      const buffer = new Uint8Array(position < size ? Math.min(READ_BYTES, size - position) : 4096);
      const length = await file.readAt(position, buffer);
      if (length === 0) return;
      position += length;
      yield buffer.subarray(0, length);
    }
  } finally {
    file.close();
  }
}

async function* decompressed(
  request: ByteRequest,
  compression: "gzip" | "zstd",
): AsyncGenerator<Uint8Array, void> {
  // Loaded on first use.
  const [{ Readable }, zlib] = await Promise.all([import("node:stream"), import("node:zlib")]);
  const bytes = readPlain(request, 0);
  const input = Readable.from(compression === "gzip" ? bytes : zstdFrames(request, bytes), { objectMode: true });
  const transform: Transform = compression === "gzip" ? zlib.createGunzip() : zlib.createZstdDecompress();
  let inputError: { readonly cause: unknown } | undefined;
  input.on("error", (cause: Error) => {
    inputError = { cause };
    transform.destroy(cause);
  });
  const onAbort = (): void => void transform.destroy();
  request.signal.addEventListener("abort", onAbort, { once: true });
  try {
    input.pipe(transform);
    for await (const chunk of transform) yield new Uint8Array(chunk);
  } catch (cause) {
    if (request.signal.aborted) return;
    if (inputError !== undefined) throw inputError.cause;
    throw damaged(request.path, compression, cause);
  } finally {
    request.signal.removeEventListener("abort", onAbort);
    input.destroy();
    transform.destroy();
  }
}

/** Whole frames, one after the other; see zstd_frames.ts. */
async function* zstdFrames(
  { path, signal }: ByteRequest,
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  const frames = new ZstdFrames();
  let empty = true;
  for await (const piece of pieces) {
    empty = false;
    yield* frames.cut(piece);
  }
  if (signal.aborted || (frames.betweenFrames && !empty)) return;
  throw damaged(path, "zstd", new Error("unexpected end of file"));
}

function damaged(path: string, compression: Compression, cause: unknown): JobExecutionError {
  return new JobExecutionError("TSF-3012", `Damaged ${compression} file: ${path}`, {
    expected: `a complete ${compression} stream`,
    found: cause instanceof Error ? cause.message : String(cause),
    hint: "The extension says how a file is compressed; rename it if that is wrong.",
    cause,
  });
}

function shrunk(path: string, position: number, size: number): JobExecutionError {
  return new JobExecutionError("TSF-3015", `A file has become shorter than what was read of it: ${path}`, {
    expected: `at least ${position} bytes`,
    found: `${size} bytes`,
    hint: "Files of a running job must not be replaced; new content belongs in a new file.",
  });
}
