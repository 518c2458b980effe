/**
 * Jobs that were accepted and have not ended: one file each, durable before the submission is answered, gone after the
 * result is durable.
 *
 * @module
 */

import type { LocalFiles } from "../../runtime/seams/local_files.ts";
import type { Log } from "../../runtime/seams/log.ts";
import type { JobSubmission } from "./job_submission.ts";
import { decodeRecords, encodeRecords, makeDurableDirectory, removeQuietly, writeDurably } from "./stored_record.ts";

const SUFFIX = ".job";

/** See the module. */
export class JobGraphStore {
  readonly #files: LocalFiles;
  readonly #directory: string;
  readonly #log: Log;

  constructor(files: LocalFiles, directory: string, log: Log) {
    this.#files = files;
    this.#directory = directory;
    this.#log = log;
    makeDurableDirectory(files, directory);
  }

  /** What a job takes on disk. */
  encode(job: JobSubmission): Uint8Array<ArrayBuffer> {
    return encodeRecords([job]);
  }

  /** Durable when it returns. @throws FlinkError of the file system; nothing is left then. */
  put(jobId: string, encoded: Uint8Array): void {
    writeDurably(this.#files, this.#path(jobId), encoded);
  }

  /** The job is over; one that is not there does no harm. */
  remove(jobId: string): void {
    if (this.#files.statSync(this.#path(jobId)) === undefined) return;
    this.#files.remove(this.#path(jobId));
    this.#files.fsyncDirectory(this.#directory);
  }

  /** All jobs, oldest first. A file that cannot be read is set aside and told of; half-written ones are removed. */
  all(): JobSubmission[] {
    const jobs: JobSubmission[] = [];
    for (const { path } of this.#files.listSync(this.#directory)) {
      if (path.endsWith(".tmp")) removeQuietly(this.#files, path);
      if (!path.endsWith(SUFFIX)) continue;
      try {
        jobs.push(decodeRecords(this.#files.readAllSync(path), 1, path)[0] as JobSubmission);
      } catch (error) {
        this.#log.log("error", String(error instanceof Error ? error.message : error));
        this.#files.rename(path, `${path}.damaged`);
      }
    }
    return jobs.sort((left, right) => left.submittedAt - right.submittedAt);
  }

  #path(jobId: string): string {
    return `${this.#directory}/${jobId}${SUFFIX}`;
  }
}
