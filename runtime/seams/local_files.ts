/**
 * Local files as the engine and its file connectors see them.
 *
 * @module
 */

/** What is known about a path. */
export interface FileInfo {
  /** As it was asked for; in lists with the directory before it. */
  readonly path: string;
  /** Bytes of a file; of a directory it says nothing. */
  readonly sizeBytes: number;
  /** When it was last changed, in ms since the epoch; 0 when that is not known. */
  readonly modifiedMs: number;
  /** Directories can be listed, files read. */
  readonly isDirectory: boolean;
}

/** An open file, read at any position. */
export interface ReadableFile {
  /** Reads up to `into.length` bytes at `position`; 0 at the end. */
  readAt(position: number, into: Uint8Array): Promise<number>;
  /** Size of the file now. */
  sizeBytes(): Promise<number>;
  /** Ends reading; twice does no harm. */
  close(): void;
}

/** A file that is complete, read at any position in the task loop. */
export interface CompleteFile {
  readonly sizeBytes: number;
  /** The bytes from `position` on, as many as `into` takes; fewer at the end of the file. */
  readAt(position: number, into: Uint8Array): number;
  /** Ends reading; twice does no harm. */
  close(): void;
}

/** An open file, written at its end. Synchronous, because writers run in the task loop; small and buffered. */
export interface AppendableFile {
  /** Writes behind the last byte; may stay in memory until `fsync` or `close`. */
  append(bytes: Uint8Array): void;
  /** Position after the last byte written. */
  sizeBytes(): number;
  /** Cuts the file; used on restore. */
  truncate(sizeBytes: number): void;
  /** Durable on disk when it returns. */
  fsync(): void;
  /** Writes what is still in memory and ends writing. */
  close(): void;
}

/**
 * Contract: errors are FlinkErrors with code TSF-30xx that name the path; bytes that were not synced are lost with the
 * machine; `rename` is atomic within a directory tree.
 */
export interface LocalFiles {
  /** Opens a file for reading. @throws FlinkError when it is missing or a directory. */
  open(path: string): Promise<ReadableFile>;
  /** Opens a file that nobody writes any more, to be read at once. @throws FlinkError when it is missing. */
  openComplete(path: string): CompleteFile;
  /** All bytes of a file. */
  readAll(path: string): Promise<Uint8Array>;
  /** All bytes of a file, at once. */
  readAllSync(path: string): Uint8Array;
  /** Opens a file for writing at its end; makes it when it is missing, but not its directory. */
  appendTo(path: string): AppendableFile;
  /** What is at the path; undefined when nothing is. */
  stat(path: string): Promise<FileInfo | undefined>;
  /** What is at the path, at once; undefined when nothing is. */
  statSync(path: string): FileInfo | undefined;
  /** What is directly inside a directory, sorted by path. */
  list(directory: string): Promise<FileInfo[]>;
  /** What is directly inside a directory, at once, sorted by path. */
  listSync(directory: string): FileInfo[];
  /** Makes a directory and those above it; one that exists is fine. */
  makeDirectory(path: string): void;
  /** Moves a file or directory; a file at `to` is replaced. */
  rename(from: string, to: string): void;
  /** Removes a file, or a directory with all that is in it. */
  remove(path: string): void;
  /** Makes names inside the directory durable: files made, renamed and removed. */
  fsyncDirectory(path: string): void;
  /** A fresh directory for temporary files. */
  makeTempDirectory(prefix: string): string;
}
