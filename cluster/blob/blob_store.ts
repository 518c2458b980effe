/**
 * Blobs in one directory, each in a file named by the sha256 of its content. What has its name is whole and durable:
 * blobs are written to a temporary file, synced and renamed.
 *
 * Limits: bytes of all blobs together, and what has to stay free on the disk (io.disk.reserve).
 *
 * Used by the BlobServer (what clients upload) and the BlobCache (what TaskManagers fetch).
 *
 * @module
 */

import { createHash, type Hash } from "node:crypto";
import { FlinkError } from "../../runtime/errors.ts";
import type { AppendableFile, LocalFiles } from "../../runtime/seams/local_files.ts";

const TEMPORARY = ".part";
const HASH = /^[0-9a-f]{64}$/;
const READ_BYTES = 1024 * 1024;

/** Where, and how much. */
export interface BlobStoreOptions {
  readonly files: LocalFiles;
  /** Made when it is not there; nothing else may be in it. */
  readonly directory: string;
  /** Of all blobs together. */
  readonly maxBytes: number;
  /** Of one blob. Default: as for all. */
  readonly maxBlobBytes?: number;
  /** io.disk.reserve. Default 0. */
  readonly reserveBytes?: number;
  /** Bytes that are free on the disk; undefined when that is not known. */
  readonly freeBytes?: () => number | undefined;
}

/** See the module. */
export class BlobStore {
  readonly #options: BlobStoreOptions;
  readonly #sizes = new Map<string, number>();
  #usedBytes = 0;
  #parts = 0;

  /** Takes over the blobs that are in the directory already; parts that were never finished are removed. */
  constructor(options: BlobStoreOptions) {
    const { files, directory } = options;
    this.#options = options;
    files.makeDirectory(directory);
    files.fsyncDirectory(directory.slice(0, directory.lastIndexOf("/")) || "/");
    for (const { path, sizeBytes } of files.listSync(directory)) {
      const name = path.slice(path.lastIndexOf("/") + 1);
      if (HASH.test(name)) this.#add(name, sizeBytes);
      else if (name.endsWith(TEMPORARY)) files.remove(path);
    }
  }

  /** Bytes of all blobs and of those being written. */
  get usedBytes(): number {
    return this.#usedBytes;
  }
  get hashes(): readonly string[] {
    return [...this.#sizes.keys()];
  }

  has(hash: string): boolean {
    return this.#sizes.has(hash);
  }

  /** Its size. @throws FlinkError TSF-5213 when it is not there. */
  sizeOf(hash: string): number {
    const size = this.#sizes.get(hash);
    if (size === undefined) throw noBlob(hash);
    return size;
  }

  /** Its file. @throws FlinkError TSF-5213 when it is not there. */
  pathOf(hash: string): string {
    this.sizeOf(hash);
    return `${this.#options.directory}/${hash}`;
  }

  /** A part of it; shorter at its end. @throws FlinkError TSF-5213 when it is not there. */
  read(hash: string, offset: number, length: number): Uint8Array<ArrayBuffer> {
    const size = this.sizeOf(hash);
    const bytes = new Uint8Array(Math.max(0, Math.min(length, size - offset)));
    if (bytes.length === 0) return bytes;
    const file = this.#options.files.openComplete(this.pathOf(hash));
    try {
      return bytes.subarray(0, file.readAt(offset, bytes));
    } finally {
      file.close();
    }
  }

  /** Begins a blob whose content comes in parts. @throws FlinkError TSF-5216 when there is no room. */
  write(): BlobWriter {
    const { files, directory } = this.#options;
    this.#checkRoom(0);
    const path = `${directory}/${this.#parts++}${TEMPORARY}`;
    return new BlobWriter({
      file: files.appendTo(path),
      grow: (bytes, total) => this.#grow(bytes, total),
      finish: (hash, total) => this.#finish(path, hash, total),
      abort: (total) => {
        this.#usedBytes -= total;
        files.remove(path);
      },
    });
  }

  /** One that is in memory. @returns Its hash. */
  put(bytes: Uint8Array): string {
    const writer = this.write();
    try {
      writer.append(bytes);
      return writer.finish();
    } catch (error) {
      writer.abort();
      throw error;
    }
  }

  /** Whether the file has the content of its name. */
  isIntact(hash: string): boolean {
    const digest = createHash("sha256");
    for (let offset = 0; offset < this.sizeOf(hash); offset += READ_BYTES) {
      digest.update(this.read(hash, offset, READ_BYTES));
    }
    return digest.digest("hex") === hash;
  }

  /** Twice does no harm. */
  remove(hash: string): void {
    const size = this.#sizes.get(hash);
    if (size === undefined) return;
    this.#sizes.delete(hash);
    this.#usedBytes -= size;
    this.#options.files.remove(`${this.#options.directory}/${hash}`);
  }

  #add(hash: string, sizeBytes: number): void {
    this.#sizes.set(hash, sizeBytes);
    this.#usedBytes += sizeBytes;
  }

  #grow(bytes: number, total: number): void {
    const { maxBytes, maxBlobBytes = maxBytes } = this.#options;
    if (total > maxBlobBytes) throw tooLarge(total, maxBlobBytes);
    this.#checkRoom(bytes);
    this.#usedBytes += bytes;
  }

  #checkRoom(bytes: number): void {
    const { maxBytes, reserveBytes = 0, freeBytes } = this.#options;
    if (this.#usedBytes + bytes > maxBytes) {
      throw noRoom(`at most ${maxBytes} bytes of blobs`, `${this.#usedBytes} and ${bytes} more`);
    }
    const free = freeBytes?.();
    if (free !== undefined && free - bytes < reserveBytes) {
      throw noRoom(`${reserveBytes} bytes that stay free on the disk (io.disk.reserve)`, `${free} bytes free`);
    }
  }

  #finish(path: string, hash: string, total: number): void {
    const { files, directory } = this.#options;
    if (this.#sizes.has(hash)) {
      // It was there, or another writer was quicker.
      this.#usedBytes -= total;
      return files.remove(path);
    }
    files.rename(path, `${directory}/${hash}`);
    files.fsyncDirectory(directory);
    this.#sizes.set(hash, total);
  }
}

interface BlobWriterOptions {
  readonly file: AppendableFile;
  readonly grow: (bytes: number, total: number) => void;
  readonly finish: (hash: string, total: number) => void;
  readonly abort: (total: number) => void;
}

/** A blob that is being written: ends by {@link finish} or {@link abort}. */
export class BlobWriter {
  readonly #options: BlobWriterOptions;
  readonly #digest: Hash = createHash("sha256");
  #total = 0;
  #isEnded = false;

  constructor(options: BlobWriterOptions) {
    this.#options = options;
  }

  get sizeBytes(): number {
    return this.#total;
  }

  /** @throws FlinkError TSF-5215 when the blob becomes too large, TSF-5216 when there is no room. */
  append(bytes: Uint8Array): void {
    this.#options.grow(bytes.length, this.#total + bytes.length);
    this.#total += bytes.length;
    this.#digest.update(bytes);
    this.#options.file.append(bytes);
  }

  /**
   * It is whole: durable when this returns its hash.
   *
   * @param expected The hash it should have.
   * @throws FlinkError TSF-5214 when it has another one; it is gone then.
   */
  finish(expected?: string): string {
    const hash = this.#digest.digest("hex");
    if (expected !== undefined && hash !== expected) {
      this.abort();
      throw damaged(expected, hash);
    }
    this.#options.file.fsync();
    this.#options.file.close();
    this.#options.finish(hash, this.#total);
    this.#isEnded = true;
    return hash;
  }

  /** Leaves nothing behind; does nothing after the end. */
  abort(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#options.file.close();
    this.#options.abort(this.#total);
  }
}

/** Whether a text can be the hash of a blob: it becomes part of a path. */
export function isHash(text: string): boolean {
  return HASH.test(text);
}

function noBlob(hash: string): FlinkError {
  return new FlinkError("TSF-5213", "There is no such blob", {
    expected: "the sha256 of something that was uploaded",
    found: hash.slice(0, 80),
    hint: "The job has ended, or the JobManager has lost its work directory: submit it again.",
  });
}

function damaged(expected: string, found: string): FlinkError {
  return new FlinkError("TSF-5214", "A blob does not have the content it should have", {
    expected,
    found,
    hint: "The disk or the network changes bytes; it is fetched again with the next attempt.",
  });
}

function tooLarge(found: number, limit: number): FlinkError {
  return new FlinkError("TSF-5215", "A blob is too large", {
    expected: `at most ${limit} bytes`,
    found: `${found} bytes or more`,
    hint: "Read large files at run time from where all machines reach them.",
  });
}

function noRoom(expected: string, found: string): FlinkError {
  return new FlinkError("TSF-5216", "There is no room for another blob", {
    expected,
    found,
    hint: "Free disk space, or let jobs end; running jobs go on.",
  });
}
