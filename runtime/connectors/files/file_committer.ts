/**
 * Gives pending part files their names. Called by the committer operator once the checkpoint is complete, and again
 * for the same files after a restore.
 *
 * @module
 */

import { JobExecutionError } from "../../errors.ts";
import type { CommitRequest, Committer } from "../../functions/sink.ts";
import type { LocalFiles } from "../../seams/local_files.ts";
import type { PendingFile } from "./file_writer.ts";

/** Finishes files by a rename, which is done or not done, never half. */
export class FileCommitter implements Committer<PendingFile> {
  readonly isSynchronous = true;
  constructor(readonly files: LocalFiles) {}

  commit(requests: readonly CommitRequest<PendingFile>[]): void {
    const directories = new Set<string>();
    for (const request of requests) {
      const { hiddenPath, path, sizeBytes } = request.getCommittable();
      const found = this.files.statSync(hiddenPath)?.sizeBytes;
      if (found === undefined && this.files.statSync(path) !== undefined) {
        request.signalAlreadyCommitted();
        continue;
      }
      if (found === undefined || found < sizeBytes) {
        request.signalFailedWithUnknownReason(lost(hiddenPath, sizeBytes, found));
        continue;
      }
      if (found > sizeBytes) this.#truncate(hiddenPath, sizeBytes);
      this.files.rename(hiddenPath, path);
      directories.add(path.slice(0, path.lastIndexOf("/")));
    }
    for (const directory of directories) this.files.fsyncDirectory(directory);
  }

  /** Written after the snapshot that made the file pending. */
  #truncate(path: string, sizeBytes: number): void {
    const file = this.files.appendTo(path);
    file.truncate(sizeBytes);
    file.fsync();
    file.close();
  }
}

function lost(path: string, expected: number, found: number | undefined): JobExecutionError {
  return new JobExecutionError("TSF-3063", `A part file that was to be committed is lost: ${path}`, {
    expected: `a file of ${expected} bytes`,
    found: found === undefined ? "no such file" : `${found} bytes`,
    hint: "Files in progress belong to the job; they must not be removed between a checkpoint and its commit.",
  });
}
