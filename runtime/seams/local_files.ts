/**
 * Local files as the engine and its file connectors see them.
 *
 * @module
 */

/** What is known about a path. */
export interface FileInfo {
  readonly path: string;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  readonly isDirectory: boolean;
}

/** An open file, read at any position. */
export interface ReadableFile {
  /** Reads up to `into.length` bytes at `position`; 0 at the end. */
  readAt(position: number, into: Uint8Array): Promise<number>;
  sizeBytes(): Promise<number>;
  close(): void;
}

/** An open file, written at its end. Synchronous, because writers run in the task loop; small and buffered. */
export interface AppendableFile {
  append(bytes: Uint8Array): void;
  /** Position after the last byte written. */
  sizeBytes(): number;
  /** Cuts the file; used on restore. */
  truncate(sizeBytes: number): void;
  /** Durable on disk when it returns. */
  fsync(): void;
  close(): void;
}

/**
 * Contract: errors are FlinkErrors with code TSF-30xx that name the path; bytes that were not synced are lost with the
 * machine; `rename` is atomic within a directory tree.
 */
export interface LocalFiles {
  open(path: string): Promise<ReadableFile>;
  readAll(path: string): Promise<Uint8Array>;
  readAllSync(path: string): Uint8Array;
  appendTo(path: string): AppendableFile;
  stat(path: string): Promise<FileInfo | undefined>;
  statSync(path: string): FileInfo | undefined;
  list(directory: string): Promise<FileInfo[]>;
  listSync(directory: string): FileInfo[];
  makeDirectory(path: string): void;
  rename(from: string, to: string): void;
  remove(path: string): void;
  fsyncDirectory(path: string): void;
  /** A fresh directory for temporary files. */
  makeTempDirectory(prefix: string): string;
}
