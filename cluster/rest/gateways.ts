/**
 * What REST needs of the JobManager. The Dispatcher and the ResourceManager fulfil these by their shape; the entry point
 * of the JobManager puts them together (REST imports neither). Methods that are optional answer 501 where they are absent.
 *
 * @module
 */

import type {
  ClusterOverview,
  JobDetails,
  JobOverview,
  JobResult,
  LogFileInfo,
  MetricValues,
  TaskManagerInfo,
} from "../rpc/cluster_info.ts";
import type { JobSubmission } from "../rpc/gateways.ts";

/** Jobs. */
export interface DispatcherGateway {
  /** Resolves when the job is stored. @throws FlinkError for a job that is refused; nothing was stored. */
  submit(job: JobSubmission): Promise<void>;
  /** Resolves when the request was taken; does nothing for a job that has ended. @throws when the id is unknown. */
  cancel(jobId: string): Promise<void>;
  /** Running ones and those that have ended and are kept. */
  jobs(): readonly JobOverview[];
  /** undefined when the id is unknown. */
  job(jobId: string): JobDetails | undefined;
  /** Resolves when the job has ended (or the JobManager suspends it). @throws when the id is unknown. */
  result(jobId: string): Promise<JobResult>;
  /** Accumulators so far. Default: none. */
  accumulators?(jobId: string): Promise<Readonly<Record<string, unknown>>>;
  /**
   * Rows of a collect sink, batch by batch. `ack` = how many batches the client has: those are dropped, the job may
   * produce as many more. Gives batch number `ack`, an empty one when none has come for a while, "end" when the job has
   * ended and no more will come. Asking again with the same number gives the same batch.
   */
  collect(jobId: string, uid: string, ack: number): Promise<readonly unknown[] | "end">;
  overview(): ClusterOverview;
  taskManagers(): readonly TaskManagerInfo[];
  /** It takes no new slots; its jobs move. @throws when the id is unknown. */
  drainTaskManager?(resourceId: string): Promise<void>;
}

/** What TaskManagers tell of themselves. All throw when the TaskManager has gone. */
export interface InspectionGateway {
  logs(resourceId: string): Promise<readonly LogFileInfo[]>;
  /** "log", "stdout" or a name of {@link logs}; the last bytes where it is long. */
  file(resourceId: string, name: string): Promise<Uint8Array>;
  metrics(resourceId: string): Promise<MetricValues>;
}

/** Content-addressed storage for bundles and assets, as BlobServer. */
export interface BlobGateway {
  /** Gives the sha256 in hex. @throws FlinkError when there is no room. */
  put(bytes: Uint8Array<ArrayBuffer>): Promise<string>;
}

/** The JobManager's process. */
export interface JobManagerGateway {
  /** Effective configuration, secrets masked. */
  configuration(): Readonly<Record<string, string>>;
  metrics(): MetricValues;
  logs?(): Promise<readonly LogFileInfo[]>;
  /** "log", "stdout" or a name of {@link logs}. */
  file?(name: string): Promise<Uint8Array>;
  /** DELETE /cluster: resolves at once, the process ends soon. */
  shutDown(): void;
}

/** All of it. */
export interface RestGateways {
  readonly dispatcher: DispatcherGateway;
  readonly blobs: BlobGateway;
  readonly inspection?: InspectionGateway;
  readonly jobManager: JobManagerGateway;
}
