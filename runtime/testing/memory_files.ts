/**
 * The LocalFiles seam in memory, for tests: same errors as the real one, nothing on disk.
 *
 * @module
 */

import { JobExecutionError } from "../errors.ts";
import type { AppendableFile, CompleteFile, FileInfo, LocalFiles, ReadableFile } from "../seams/local_files.ts";

interface MemoryFile {
  bytes: Uint8Array;
  /** What the disk would hold after a power failure. */
  durableBytes: Uint8Array;
  modifiedMs: number;
}

/**
 * Files in memory; paths use "/".
 *
 * @example
 * ```ts
 * import { MemoryFiles } from "tsflink/testing";
 *
 * const files = new MemoryFiles({ "/in/a.txt": "hello" });
 * console.assert(files.text("/in/a.txt") === "hello");
 * ```
 */
export class MemoryFiles implements LocalFiles {
  #files = new Map<string, MemoryFile>();
  #directories = new Set<string>(["/"]);
  /** Entries of directories that were synced since they were made. */
  #durableFiles = new Map<string, MemoryFile>();
  #durableDirectories = new Set<string>(["/"]);
  readonly #now: () => number;
  #temporary = 0;

  /**
   * Starts with this content, durable.
   *
   * @param content Text or bytes by path.
   * @param now Clock for modification times. Default: always 0.
   */
  constructor(content: Readonly<Record<string, string | Uint8Array>> = {}, now: () => number = () => 0) {
    this.#now = now;
    for (const [path, bytes] of Object.entries(content)) this.write(path, bytes);
  }

  /** Writes a whole file; directories are made. All of it is durable at once. */
  write(path: string, content: string | Uint8Array): void {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content.slice();
    this.makeDirectory(parentOf(normal(path)));
    this.#files.set(normal(path), { bytes, durableBytes: bytes, modifiedMs: this.#now() });
    for (let at = normal(path); at !== "/"; at = parentOf(at)) this.fsyncDirectory(parentOf(at));
  }
  /** A power failure: what was not synced, bytes of files and entries of directories, is lost. */
  crash(): void {
    const isReached = (path: string): boolean =>
      path === "/" || (this.#durableDirectories.has(parentOf(path)) && isReached(parentOf(path)));
    this.#files = new Map([...this.#durableFiles].filter(([path]) => isReached(path)));
    this.#directories = new Set([...this.#durableDirectories].filter(isReached));
    for (const file of this.#files.values()) file.bytes = file.durableBytes;
  }
  /** The whole file as text. */
  text(path: string): string {
    return new TextDecoder().decode(this.readAllSync(path));
  }
  /** All file paths, sorted. */
  paths(): string[] {
    return [...this.#files.keys()].sort();
  }

  /** Opens a file for reading; rejects when it is missing. */
  open(path: string): Promise<ReadableFile> {
    return attempt(() => {
      const file = this.#file(path);
      return {
        readAt: (position, into) => {
          const part = file.bytes.subarray(position, position + into.length);
          into.set(part);
          return Promise.resolve(part.length);
        },
        sizeBytes: () => Promise.resolve(file.bytes.length),
        close: () => {},
      };
    });
  }
  /** Opens a file that nobody writes any more; throws when it is missing. */
  openComplete(path: string): CompleteFile {
    const { bytes } = this.#file(path);
    return {
      sizeBytes: bytes.length,
      readAt: (position, into) => {
        const part = bytes.subarray(position, position + into.length);
        into.set(part);
        return part.length;
      },
      close: () => {},
    };
  }
  /** All bytes of a file. */
  readAll(path: string): Promise<Uint8Array> {
    return attempt(() => this.readAllSync(path));
  }
  /** All bytes of a file, at once. */
  readAllSync(path: string): Uint8Array {
    return this.#file(path).bytes.slice();
  }
  /** Opens a file for writing at its end; bytes are durable after `fsync`. */
  appendTo(path: string): AppendableFile {
    const name = normal(path);
    if (this.statSync(name) === undefined) {
      this.#requireDirectory(parentOf(name), path);
      const empty = new Uint8Array(0);
      this.#files.set(name, { bytes: empty, durableBytes: empty, modifiedMs: this.#now() });
    }
    const file = this.#file(path);
    return {
      append: (bytes) => {
        const joined = new Uint8Array(file.bytes.length + bytes.length);
        joined.set(file.bytes);
        joined.set(bytes, file.bytes.length);
        file.bytes = joined;
        file.modifiedMs = this.#now();
      },
      sizeBytes: () => file.bytes.length,
      truncate: (sizeBytes) => {
        file.bytes = file.bytes.slice(0, sizeBytes);
      },
      fsync: () => {
        file.durableBytes = file.bytes;
      },
      close: () => {},
    };
  }
  /** What is at the path; undefined when nothing is. */
  stat(path: string): Promise<FileInfo | undefined> {
    return attempt(() => this.statSync(path));
  }
  /** What is at the path, at once; undefined when nothing is. */
  statSync(path: string): FileInfo | undefined {
    const name = normal(path);
    const file = this.#files.get(name);
    if (file !== undefined) {
      return { path: name, sizeBytes: file.bytes.length, modifiedMs: file.modifiedMs, isDirectory: false };
    }
    return this.#directories.has(name) ? { path: name, sizeBytes: 0, modifiedMs: 0, isDirectory: true } : undefined;
  }
  /** What is directly inside a directory, sorted by path. */
  list(directory: string): Promise<FileInfo[]> {
    return attempt(() => this.listSync(directory));
  }
  /** What is directly inside a directory, at once, sorted by path. */
  listSync(directory: string): FileInfo[] {
    const name = normal(directory);
    this.#requireDirectory(name, directory);
    return [...this.#files.keys(), ...this.#directories]
      .filter((path) => path !== name && parentOf(path) === name)
      .sort()
      .map((path) => this.statSync(path)!);
  }
  /** Makes a directory and those above it; not durable before `fsyncDirectory`. */
  makeDirectory(path: string): void {
    const made: string[] = [];
    for (let at = normal(path); at !== "/"; at = parentOf(at)) {
      if (this.#files.has(at)) throw notDirectory(path);
      made.push(at);
    }
    for (const directory of made) this.#directories.add(directory);
  }
  /** Moves a file or directory; a file at `to` is replaced. */
  rename(from: string, to: string): void {
    const [source, target] = [normal(from), normal(to)];
    const file = this.#files.get(source);
    if (file === undefined && !this.#directories.has(source)) throw notFound(from);
    this.#requireDirectory(parentOf(target), from);
    if (file !== undefined) {
      this.#files.delete(source);
      this.#files.set(target, file);
      return;
    }
    const isInside = (path: string): boolean => path === source || path.startsWith(source + "/");
    for (const path of [...this.#directories].filter(isInside)) {
      this.#directories.delete(path);
      this.makeDirectory(target + path.slice(source.length));
    }
    for (const path of [...this.#files.keys()].filter(isInside)) this.rename(path, target + path.slice(source.length));
  }
  /** Removes a file, or a directory with all that is in it. */
  remove(path: string): void {
    const name = normal(path);
    if (this.#files.delete(name)) return;
    if (!this.#directories.delete(name)) throw notFound(path);
    for (const file of [...this.#files.keys()]) if (file.startsWith(name + "/")) this.#files.delete(file);
    for (const inner of [...this.#directories]) if (inner.startsWith(name + "/")) this.#directories.delete(inner);
  }
  /** Makes names inside the directory durable: they outlast `crash()`. */
  fsyncDirectory(path: string): void {
    const name = normal(path);
    this.#requireDirectory(name, path);
    const isEntry = (entry: string): boolean => entry !== "/" && parentOf(entry) === name;
    for (const entry of [...this.#durableFiles.keys()]) if (isEntry(entry)) this.#durableFiles.delete(entry);
    for (const [entry, file] of this.#files) if (isEntry(entry)) this.#durableFiles.set(entry, file);
    for (const entry of [...this.#durableDirectories]) if (isEntry(entry)) this.#durableDirectories.delete(entry);
    for (const entry of this.#directories) if (isEntry(entry)) this.#durableDirectories.add(entry);
  }
  makeTempDirectory(prefix: string): string {
    const path = `/tmp/${prefix}${this.#temporary++}`;
    this.makeDirectory(path);
    return path;
  }

  /** @param shown The path the caller gave, for the error. */
  #requireDirectory(directory: string, shown: string): void {
    if (this.#directories.has(directory)) return;
    throw this.#files.has(directory) ? notDirectory(shown) : notFound(shown);
  }

  #file(path: string): MemoryFile {
    const file = this.#files.get(normal(path));
    if (file !== undefined) return file;
    if (!this.#directories.has(normal(path))) throw notFound(path);
    throw new JobExecutionError("TSF-3003", `Is a directory: ${path}`, { expected: "a file", found: "a directory" });
  }
}

function normal(path: string): string {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  return "/" + parts.join("/");
}

function parentOf(path: string): string {
  return normal(path.slice(0, path.lastIndexOf("/")));
}

function notFound(path: string): JobExecutionError {
  return new JobExecutionError("TSF-3001", `No such file or directory: ${path}`, { expected: "an existing path" });
}

function notDirectory(path: string): JobExecutionError {
  return new JobExecutionError("TSF-3004", `Not a directory: ${path}`, { expected: "a directory", found: "a file" });
}

/** A thrown error becomes a rejection. */
function attempt<R>(run: () => R): Promise<R> {
  try {
    return Promise.resolve(run());
  } catch (error) {
    return Promise.reject(error);
  }
}
