/**
 * The real files. Appending is buffered; `fsync`, `truncate` and `close` write the buffer first. Made by
 * system_seams.ts.
 *
 * @module
 */

import { JobExecutionError } from "../../errors.ts";
import type { AppendableFile, CompleteFile, FileInfo, LocalFiles, ReadableFile } from "../local_files.ts";
import { fileError } from "./file_errors.ts";

const APPEND_BUFFER_BYTES = 64 * 1024;

/** Local files of this machine; errors carry the codes TSF-3001 to TSF-3006 and the path. */
export class SystemLocalFiles implements LocalFiles {
  async open(path: string): Promise<ReadableFile> {
    let file: Deno.FsFile;
    try {
      file = await Deno.open(path, { read: true });
    } catch (error) {
      throw fileError(error, path, "open");
    }
    // A directory opens without complaint and fails on the first read; say it here.
    if ((await file.stat()).isDirectory) {
      file.close();
      throw isDirectory(path);
    }
    return new OpenFile(path, file);
  }

  openComplete(path: string): CompleteFile {
    return attempt(path, "open", () => {
      const file = Deno.openSync(path, { read: true });
      const { isDirectory: isUnreadable, size } = file.statSync();
      if (!isUnreadable) return new OpenCompleteFile(path, file, size);
      file.close();
      throw isDirectory(path);
    });
  }

  readAll(path: string): Promise<Uint8Array> {
    return Deno.readFile(path).catch((error) => {
      throw fileError(error, path, "read");
    });
  }

  readAllSync(path: string): Uint8Array {
    return attempt(path, "read", () => Deno.readFileSync(path));
  }

  appendTo(path: string): AppendableFile {
    return attempt(path, "open for writing", () => {
      const file = Deno.openSync(path, { write: true, append: true, create: true });
      return new AppendedFile(path, file, file.statSync().size);
    });
  }

  async stat(path: string): Promise<FileInfo | undefined> {
    try {
      return fileInfo(path, await Deno.stat(path));
    } catch (error) {
      return undefinedWhenMissing(error, path);
    }
  }

  statSync(path: string): FileInfo | undefined {
    try {
      return fileInfo(path, Deno.statSync(path));
    } catch (error) {
      return undefinedWhenMissing(error, path);
    }
  }

  async list(directory: string): Promise<FileInfo[]> {
    const found: FileInfo[] = [];
    try {
      for await (const entry of Deno.readDir(directory)) {
        const info = await this.stat(join(directory, entry.name));
        // Gone since it was listed, or a dangling link.
        if (info !== undefined) found.push(info);
      }
    } catch (error) {
      throw fileError(error, directory, "list");
    }
    return found.sort(byPath);
  }

  listSync(directory: string): FileInfo[] {
    return attempt(directory, "list", () => {
      const found: FileInfo[] = [];
      for (const entry of Deno.readDirSync(directory)) {
        const info = this.statSync(join(directory, entry.name));
        if (info !== undefined) found.push(info);
      }
      return found.sort(byPath);
    });
  }

  makeDirectory(path: string): void {
    attempt(path, "create directory", () => Deno.mkdirSync(path, { recursive: true }));
  }

  rename(from: string, to: string): void {
    attempt(from, `rename to ${to}`, () => Deno.renameSync(from, to));
  }

  remove(path: string): void {
    attempt(path, "remove", () => Deno.removeSync(path, { recursive: true }));
  }

  fsyncDirectory(path: string): void {
    // Windows cannot open directories; renames are journaled there.
    if (Deno.build.os === "windows") return;
    attempt(path, "sync directory", () => {
      const file = Deno.openSync(path, { read: true });
      try {
        file.syncSync();
      } finally {
        file.close();
      }
    });
  }

  makeTempDirectory(prefix: string): string {
    return attempt(prefix, "create temporary directory", () => Deno.makeTempDirSync({ prefix }));
  }
}

/** Reads at positions; calls queue up, because seek and read are two steps on one handle. */
class OpenFile implements ReadableFile {
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(readonly path: string, readonly file: Deno.FsFile) {}

  readAt(position: number, into: Uint8Array): Promise<number> {
    return this.#queue("read", async () => {
      await this.file.seek(position, Deno.SeekMode.Start);
      return await this.file.read(into) ?? 0;
    });
  }

  sizeBytes(): Promise<number> {
    return this.#queue("stat", async () => (await this.file.stat()).size);
  }

  #queue<R>(what: string, work: () => Promise<R>): Promise<R> {
    const result = this.#last.then(work).catch((error) => {
      throw fileError(error, this.path, what);
    });
    this.#last = result.catch(() => {});
    return result;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // After the read in progress, which would fail otherwise.
    this.#last = this.#last.then(() => this.file.close());
  }
}

class OpenCompleteFile implements CompleteFile {
  #closed = false;

  constructor(readonly path: string, readonly file: Deno.FsFile, readonly sizeBytes: number) {}

  readAt(position: number, into: Uint8Array): number {
    return attempt(this.path, "read", () => {
      this.file.seekSync(position, Deno.SeekMode.Start);
      let read = 0;
      while (read < into.length) {
        const more = this.file.readSync(into.subarray(read));
        if (more === null) break;
        read += more;
      }
      return read;
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.file.close();
  }
}

class AppendedFile implements AppendableFile {
  readonly #buffer = new Uint8Array(APPEND_BUFFER_BYTES);
  #buffered = 0;
  #written: number;
  #closed = false;

  constructor(readonly path: string, readonly file: Deno.FsFile, sizeBytes: number) {
    this.#written = sizeBytes;
  }

  append(bytes: Uint8Array): void {
    if (this.#buffered + bytes.length > APPEND_BUFFER_BYTES) this.#flush();
    if (bytes.length > APPEND_BUFFER_BYTES) {
      this.#write(bytes);
      return;
    }
    this.#buffer.set(bytes, this.#buffered);
    this.#buffered += bytes.length;
  }

  sizeBytes(): number {
    return this.#written + this.#buffered;
  }

  truncate(sizeBytes: number): void {
    this.#flush();
    attempt(this.path, "truncate", () => this.file.truncateSync(sizeBytes));
    this.#written = sizeBytes;
  }

  fsync(): void {
    this.#flush();
    attempt(this.path, "sync", () => this.file.syncSync());
  }

  close(): void {
    if (this.#closed) return;
    try {
      this.#flush();
    } finally {
      this.#closed = true;
      this.file.close();
    }
  }

  #flush(): void {
    if (this.#buffered === 0) return;
    const bytes = this.#buffer.subarray(0, this.#buffered);
    this.#buffered = 0;
    this.#write(bytes);
  }

  #write(bytes: Uint8Array): void {
    attempt(this.path, "write", () => {
      let written = 0;
      while (written < bytes.length) written += this.file.writeSync(bytes.subarray(written));
    });
    this.#written += bytes.length;
  }
}

function attempt<R>(path: string, what: string, work: () => R): R {
  try {
    return work();
  } catch (error) {
    throw fileError(error, path, what);
  }
}

function undefinedWhenMissing(error: unknown, path: string): undefined {
  if (error instanceof Deno.errors.NotFound) return undefined;
  // "a/b" where a is a file: there is no such path either.
  if (error instanceof Deno.errors.NotADirectory) return undefined;
  throw fileError(error, path, "stat");
}

function fileInfo(path: string, info: Deno.FileInfo): FileInfo {
  return { path, sizeBytes: info.size, modifiedMs: info.mtime?.getTime() ?? 0, isDirectory: info.isDirectory };
}

function isDirectory(path: string): JobExecutionError {
  return new JobExecutionError("TSF-3003", `Is a directory: ${path}`, { expected: "a file", found: "a directory" });
}

function byPath(a: FileInfo, b: FileInfo): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}

function join(directory: string, name: string): string {
  return directory.endsWith("/") ? directory + name : `${directory}/${name}`;
}
