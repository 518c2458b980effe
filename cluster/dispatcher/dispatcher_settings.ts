/**
 * The numbers of the Dispatcher, from the configuration of the JobManager.
 *
 * @module
 */

import type { ClusterConfiguration } from "../config/cluster_configuration.ts";
import { JobManagerOptions, ProcessOptions } from "../config/cluster_options.ts";
import type { JobResultStoreSettings } from "./job_result_store.ts";

/** See the module. */
export interface DispatcherSettings {
  /** jobmanager.max-running-jobs: jobs that have not ended. */
  readonly maxJobs: number;
  /** What one job may take in the job store. */
  readonly maxJobBytes: number;
  /** io.disk.reserve: below that no job is accepted. */
  readonly diskReserveBytes: number;
  /** How long rows that a client has not fetched are kept after the end of their job. */
  readonly collectRetentionMs: number;
  /** Ended jobs whose rows are kept so. */
  readonly maxCollecting: number;
  readonly results: JobResultStoreSettings;
}

/** A recording has at most 16 MiB by default, a plan some KiB per vertex. */
const MAX_JOB_BYTES = 256 * 1024 * 1024;
const COLLECT_RETENTION_MS = 60_000;
const MAX_COLLECTING = 100;

/** See the module. */
export function dispatcherSettings(configuration: ClusterConfiguration): DispatcherSettings {
  return {
    maxJobs: configuration.get(JobManagerOptions.MAX_JOBS),
    maxJobBytes: MAX_JOB_BYTES,
    diskReserveBytes: configuration.get(ProcessOptions.DISK_RESERVE),
    collectRetentionMs: COLLECT_RETENTION_MS,
    maxCollecting: MAX_COLLECTING,
    results: {
      expirationMs: configuration.get(JobManagerOptions.JOB_STORE_EXPIRATION),
      maxJobs: configuration.get(JobManagerOptions.JOB_STORE_CAPACITY),
      cacheBytes: configuration.get(JobManagerOptions.JOB_STORE_SIZE),
    },
  };
}
