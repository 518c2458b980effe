/**
 * Jobs that have ended: how they ended and all that was known about them, in one file each, until they are too old or too
 * many. In memory there is what a list of jobs shows, and the latest details that were asked for.
 *
 * @module
 */

import type { Cancel, Clock } from "../../runtime/seams/clock.ts";
import type { LocalFiles } from "../../runtime/seams/local_files.ts";
import type { Log } from "../../runtime/seams/log.ts";
import type { JobDetails, JobOverview, JobResult } from "../rpc/cluster_info.ts";
import { decodeRecords, encodeRecords, makeDurableDirectory, removeQuietly, writeDurably } from "./stored_record.ts";

/** A job that has ended. */
export interface EndedJob {
  readonly result: JobResult;
  readonly details: JobDetails;
}

/** Limits of a {@link JobResultStore}. */
export interface JobResultStoreSettings {
  /** jobstore.expiration-time */
  readonly expirationMs: number;
  /** jobstore.max-capacity */
  readonly maxJobs: number;
  /** jobstore.cache-size: memory for details that were read. */
  readonly cacheBytes: number;
}

interface Cached extends EndedJob {
  readonly sizeBytes: number;
}

const SUFFIX = ".result";

/** See the module. */
export class JobResultStore {
  /** By the time of their end, oldest first. */
  readonly #overviews = new Map<string, JobOverview>();
  /** Least recently used first. */
  readonly #cache = new Map<string, Cached>();
  #cachedBytes = 0;
  #cancelExpiration: Cancel | undefined;

  constructor(
    readonly files: LocalFiles,
    readonly directory: string,
    readonly seams: { readonly clock: Clock; readonly log: Log },
    readonly settings: JobResultStoreSettings,
  ) {
    makeDurableDirectory(files, directory);
  }

  /** Reads what an earlier JobManager has left. */
  open(): void {
    const found: JobOverview[] = [];
    for (const { path } of this.files.listSync(this.directory)) {
      if (path.endsWith(".tmp")) removeQuietly(this.files, path);
      if (!path.endsWith(SUFFIX)) continue;
      try {
        found.push(decodeRecords(this.files.readAllSync(path), 3, path)[0] as JobOverview);
      } catch (error) {
        this.seams.log.log("error", String(error instanceof Error ? error.message : error));
        this.files.rename(path, `${path}.damaged`);
      }
    }
    for (const overview of found.sort((left, right) => left.endTime - right.endTime)) {
      this.#overviews.set(overview.jobId, overview);
    }
    this.#expire();
  }

  /** Durable when it returns. @throws FlinkError of the file system; the job is known in memory all the same. */
  put(result: JobResult, details: JobDetails): void {
    const overview = overviewOf(details);
    const bytes = encodeRecords([overview, result, details]);
    this.#overviews.set(result.jobId, overview);
    this.#remember(result.jobId, { result, details, sizeBytes: bytes.length });
    try {
      writeDurably(this.files, this.#path(result.jobId), bytes);
    } finally {
      this.#expire();
    }
  }

  has(jobId: string): boolean {
    return this.#overviews.has(jobId);
  }
  overview(jobId: string): JobOverview | undefined {
    return this.#overviews.get(jobId);
  }
  /** Latest end first. */
  overviews(): JobOverview[] {
    return [...this.#overviews.values()].reverse();
  }

  /** undefined when it is unknown, or its file is gone or damaged. */
  get(jobId: string): EndedJob | undefined {
    if (!this.#overviews.has(jobId)) return undefined;
    const cached = this.#cache.get(jobId);
    if (cached !== undefined) {
      this.#cache.delete(jobId);
      this.#cache.set(jobId, cached);
      return cached;
    }
    const path = this.#path(jobId);
    try {
      const bytes = this.files.readAllSync(path);
      const [, result, details] = decodeRecords(bytes, 3, path) as [JobOverview, JobResult, JobDetails];
      const entry = { result, details, sizeBytes: bytes.length };
      this.#remember(jobId, entry);
      return entry;
    } catch (error) {
      this.seams.log.log("error", `job ${jobId} is forgotten: ${error}`);
      this.#forget(jobId);
      return undefined;
    }
  }

  close(): void {
    this.#cancelExpiration?.();
  }

  #remember(jobId: string, entry: Cached): void {
    this.#drop(jobId);
    this.#cache.set(jobId, entry);
    this.#cachedBytes += entry.sizeBytes;
    // The one that was asked for last stays, however large.
    for (const oldest of this.#cache.keys()) {
      if (this.#cachedBytes <= this.settings.cacheBytes || this.#cache.size === 1) break;
      this.#drop(oldest);
    }
  }

  #drop(jobId: string): void {
    this.#cachedBytes -= this.#cache.get(jobId)?.sizeBytes ?? 0;
    this.#cache.delete(jobId);
  }

  #forget(jobId: string): void {
    this.#drop(jobId);
    this.#overviews.delete(jobId);
    removeQuietly(this.files, this.#path(jobId));
  }

  #expire(): void {
    const { clock } = this.seams;
    const { expirationMs, maxJobs } = this.settings;
    for (const { jobId, endTime } of [...this.#overviews.values()]) {
      if (this.#overviews.size <= maxJobs && endTime + expirationMs > clock.now()) break;
      this.#forget(jobId);
    }
    this.#cancelExpiration?.();
    const [oldest] = this.#overviews.values();
    if (oldest === undefined) return;
    this.#cancelExpiration = clock.after(oldest.endTime + expirationMs - clock.now(), () => this.#expire());
  }

  #path(jobId: string): string {
    return `${this.directory}/${jobId}${SUFFIX}`;
  }
}

/** What a list shows of a job. */
export function overviewOf(details: JobDetails): JobOverview {
  const { jobId, jobName, type, state, startTime, endTime, lastModified, tasks } = details;
  return { jobId, jobName, type, state, startTime, endTime, lastModified, tasks };
}
