/**
 * Spill files in the temporary directory of the process.
 *
 * @module
 */

import { JobExecutionError } from "../../errors.ts";
import { messageOf } from "./file_errors.ts";
import type { Spill, SpillFile } from "../spill.ts";

/** {@link Spill} over the real file system. */
export class SystemSpill implements Spill {
  readonly #directory: string | undefined;
  /** @param directory Default: the temporary directory of the process. */
  constructor(directory?: string) {
    this.#directory = directory;
  }

  open(prefix: string): SpillFile {
    try {
      const path = Deno.makeTempFileSync({ dir: this.#directory, prefix: `tsflink-${prefix}-` });
      const file = Deno.openSync(path, { read: true, write: true });
      // Unlinked at once where the system allows it, so that a killed process leaves nothing behind.
      if (Deno.build.os !== "windows") Deno.removeSync(path);
      return new SystemSpillFile(file, path);
    } catch (cause) {
      throw new JobExecutionError("TSF-3040", "A spill file cannot be created", {
        expected: "a temporary directory that can be written",
        found: this.#directory ?? "the temporary directory of the process",
        hint: "Set TMPDIR, or io.tmp.dirs, to a directory with free space.",
        cause,
      });
    }
  }
}

class SystemSpillFile implements SpillFile {
  #end = 0;
  constructor(readonly file: Deno.FsFile, readonly path: string) {}

  append(bytes: Uint8Array): number {
    const start = this.#end;
    try {
      this.file.seekSync(start, Deno.SeekMode.Start);
      for (let written = 0; written < bytes.length;) written += this.file.writeSync(bytes.subarray(written));
    } catch (cause) {
      throw new JobExecutionError("TSF-3040", `A spill file cannot be written: ${this.path}`, {
        expected: `room for ${bytes.length} more bytes after ${start}`,
        found: messageOf(cause),
        hint: "Set TMPDIR, or io.tmp.dirs, to a directory with free space.",
        cause,
      });
    }
    this.#end += bytes.length;
    return start;
  }

  readAt(position: number, sizeBytes: number): Uint8Array {
    const bytes = new Uint8Array(sizeBytes);
    this.file.seekSync(position, Deno.SeekMode.Start);
    for (let read = 0; read < sizeBytes;) {
      const n = this.file.readSync(bytes.subarray(read));
      if (n === null) throw new JobExecutionError("TSF-3041", `Spill file ${this.path} is shorter than expected`);
      read += n;
    }
    return bytes;
  }

  close(): void {
    this.file.close();
    if (Deno.build.os === "windows") Deno.removeSync(this.path);
  }
}
