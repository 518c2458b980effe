/**
 * The Dispatcher of a JobManager: takes jobs, stores each before it answers, starts one JobMaster for each, and keeps what
 * is known of those that have ended. REST talks to it (cluster/rest/gateways.ts).
 *
 * A job is on disk from its acceptance until its result is; so a JobManager that is started again finds each job either
 * as one that has ended or as one that was running. When the process stops, jobs are suspended: they stay stored.
 *
 * @module
 */

import { FlinkError, JobExecutionError } from "../../runtime/errors.ts";
import type { Cancel } from "../../runtime/seams/clock.ts";
import type { Seams } from "../../runtime/seams/seams.ts";
import type {
  ClusterOverview,
  JobDetails,
  JobOverview,
  JobResult,
  JobStateName,
  TaskManagerInfo,
} from "../rpc/cluster_info.ts";
import { isGloballyTerminal } from "../rpc/cluster_info.ts";
import type { ClusterResources, JobMasterHandle, JobSubmission, StartJobMaster } from "../rpc/gateways.ts";
import * as refusals from "./dispatcher_errors.ts";
import type { DispatcherSettings } from "./dispatcher_settings.ts";
import { JobGraphStore } from "./job_graph_store.ts";
import { JobResultStore, overviewOf } from "./job_result_store.ts";
import { checkSubmission } from "./job_submission.ts";
import { failedUnstarted } from "./unstarted_job.ts";

/** How a Dispatcher is made. */
export interface DispatcherParts {
  readonly seams: Pick<Seams, "clock" | "log" | "files">;
  /** Part "jobstore" of the work directory. */
  readonly directory: string;
  readonly startJobMaster: StartJobMaster;
  readonly resources: ClusterResources;
  readonly settings: DispatcherSettings;
  /** Bytes free on the disk of the work directory; undefined when that cannot be told. Default: not looked at. */
  readonly freeDiskBytes?: () => number | undefined;
  /** Bundles and files of jobs. Default: not told. */
  readonly blobs?: {
    /** @throws FlinkError when one is not there. */
    retain(jobId: string, hashes: readonly string[]): void;
    release(jobId: string): void;
  };
}

/** See the module. */
export class Dispatcher {
  readonly #parts: DispatcherParts;
  readonly #store: JobGraphStore;
  readonly #results: JobResultStore;
  /** Jobs with a JobMaster. */
  readonly #running = new Map<string, { readonly job: JobSubmission; readonly handle: JobMasterHandle }>();
  /** Ended jobs with rows that their client has not fetched, oldest first. */
  readonly #collecting = new Map<
    string,
    { readonly handle: JobMasterHandle; readonly left: Set<string>; readonly cancel: Cancel }
  >();
  readonly #onJobEnded = new Set<(result: JobResult) => void>();
  #isClosing = false;

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
    const { files, log } = parts.seams;
    this.#store = new JobGraphStore(files, `${parts.directory}/submitted`, log);
    this.#results = new JobResultStore(files, `${parts.directory}/ended`, parts.seams, parts.settings.results);
  }

  /** Finds what an earlier JobManager has left; jobs that were running then are reported as lost. */
  start(): void {
    this.#results.open();
    for (const job of this.#store.all()) {
      const { jobId, jobName } = job;
      if (!this.#results.has(jobId)) {
        this.#parts.seams.log.log("warn", `job ${jobId} ("${jobName}") of an earlier JobManager is reported as lost`);
        const { result, details } = failedUnstarted(job, refusals.lostJob(jobName), this.#parts.seams.clock.now());
        this.#keep(result, details);
      }
      this.#store.remove(jobId);
    }
  }

  /**
   * Stores the job and starts it.
   *
   * @throws FlinkError TSF-5240 to TSF-5247: it is refused, and nothing of it is left.
   */
  // deno-lint-ignore require-await -- what is thrown is to reject
  async submit(submission: JobSubmission): Promise<void> {
    const { seams, settings, blobs } = this.#parts;
    if (this.#isClosing) throw refusals.stopping();
    checkSubmission(submission);
    const job = { ...submission, submittedAt: seams.clock.now() };
    const { jobId } = job;
    const known = this.state(jobId);
    if (known !== undefined) throw refusals.duplicateJob(jobId, known);
    if (this.#running.size >= settings.maxJobs) throw refusals.tooManyJobs(settings.maxJobs);
    this.#checkDisk();
    const encoded = this.#store.encode(job);
    if (encoded.length > settings.maxJobBytes) throw refusals.jobTooLarge(encoded.length, settings.maxJobBytes);
    blobs?.retain(jobId, [job.bundleHash, ...job.assets.map(({ hash }) => hash)]);
    try {
      this.#store.put(jobId, encoded);
    } catch (error) {
      blobs?.release(jobId);
      throw refusals.notStored(jobId, error);
    }
    this.#run(job);
  }

  /** Resolves when the request is taken; does nothing for a job that has ended. @throws FlinkError TSF-5243. */
  // deno-lint-ignore require-await -- what is thrown is to reject
  async cancel(jobId: string): Promise<void> {
    const running = this.#running.get(jobId);
    if (running !== undefined) return running.handle.cancel();
    if (!this.#results.has(jobId)) throw refusals.unknownJob(jobId);
  }

  /** Running ones, latest first, then those that have ended, latest first. */
  jobs(): JobOverview[] {
    const running = [...this.#running.values()].map(({ handle }) => overviewOf(handle.details()));
    return [...running.reverse(), ...this.#results.overviews()];
  }

  /** undefined when the id is unknown. */
  job(jobId: string): JobDetails | undefined {
    return this.#running.get(jobId)?.handle.details() ?? this.#results.get(jobId)?.details;
  }

  /** undefined when the id is unknown. */
  state(jobId: string): JobStateName | undefined {
    return this.#running.get(jobId)?.handle.state ?? this.#results.overview(jobId)?.state;
  }

  /** Resolves when the job has ended or is suspended. @throws FlinkError TSF-5243. */
  async result(jobId: string): Promise<JobResult> {
    const running = this.#running.get(jobId);
    const result = running === undefined ? this.#results.get(jobId)?.result : await running.handle.result;
    if (result === undefined) throw refusals.unknownJob(jobId);
    return result;
  }

  /** Accumulators so far. @throws FlinkError TSF-5243. */
  async accumulators(jobId: string): Promise<Readonly<Record<string, unknown>>> {
    const running = this.#running.get(jobId);
    return running === undefined ? (await this.result(jobId)).accumulators : await running.handle.accumulators();
  }

  /** See JobMasterHandle. @throws FlinkError TSF-5243, or TSF-5249 when the job ended too long ago. */
  async collect(jobId: string, uid: string, ack: number): Promise<readonly unknown[] | "end"> {
    const running = this.#running.get(jobId);
    if (running !== undefined) return await this.#collectFrom(running.handle, uid, ack);
    const collecting = this.#collecting.get(jobId);
    if (collecting !== undefined) return await this.#collectFrom(collecting.handle, uid, ack);
    if (!this.#results.has(jobId)) throw refusals.unknownJob(jobId);
    throw refusals.rowsGone(jobId, uid);
  }

  overview(): ClusterOverview {
    const ended = this.#results.overviews();
    const count = (state: JobStateName) => ended.filter((job) => job.state === state).length;
    return {
      ...this.#parts.resources.overview(),
      jobsRunning: this.#running.size,
      jobsFinished: count("FINISHED"),
      jobsCancelled: count("CANCELED"),
      jobsFailed: count("FAILED"),
    };
  }

  taskManagers(): readonly TaskManagerInfo[] {
    return this.#parts.resources.taskManagers();
  }

  /** It takes no new slots; its jobs move. @throws FlinkError TSF-5252 when there is none of that id. */
  drainTaskManager(resourceId: string): Promise<void> {
    return this.#parts.resources.drainTaskManager(resourceId);
  }

  /** Jobs that have not ended. */
  get runningJobs(): number {
    return this.#running.size;
  }

  /** Calls `listener` for every job that ends from now on, suspended ones included. Gives back how to stop that. */
  onJobEnded(listener: (result: JobResult) => void): () => void {
    this.#onJobEnded.add(listener);
    return () => void this.#onJobEnded.delete(listener);
  }

  /** Accepts nothing any more and suspends what runs; no job is cancelled. Resolves when nothing runs here. */
  async close(): Promise<void> {
    this.#isClosing = true;
    const running = [...this.#running.values()];
    await Promise.all(running.map(({ job, handle }) => handle.suspend(refusals.suspended(job.jobName))));
    await Promise.all(running.map(({ handle }) => handle.result));
    for (const { cancel } of this.#collecting.values()) cancel();
    this.#collecting.clear();
    this.#results.close();
  }

  #checkDisk(): void {
    const free = this.#parts.freeDiskBytes?.();
    const { diskReserveBytes } = this.#parts.settings;
    if (free !== undefined && free < diskReserveBytes) throw refusals.diskReserve(free, diskReserveBytes);
  }

  #run(job: JobSubmission): void {
    const { seams, startJobMaster } = this.#parts;
    const { jobId, jobName } = job;
    seams.log.log("info", `job ${jobId} ("${jobName}") is accepted`);
    let handle: JobMasterHandle;
    try {
      handle = startJobMaster(job);
    } catch (error) {
      const { result, details } = failedUnstarted(job, asFlinkError(error, jobName), seams.clock.now());
      this.#end(result, details);
      return;
    }
    this.#running.set(jobId, { job, handle });
    handle.result.then(
      (result) => this.#ended(job, handle, result),
      // It must not; but then the job has not ended well either, and the others go on.
      (error) => this.#ended(job, handle, failedUnstarted(job, asFlinkError(error, jobName), seams.clock.now()).result),
    );
  }

  #ended(job: JobSubmission, handle: JobMasterHandle, result: JobResult): void {
    const { clock } = this.#parts.seams;
    this.#running.delete(job.jobId);
    this.#keepRows(job, handle);
    const details = handle.details();
    // What a list shows agrees with the result, whatever the JobMaster last said.
    const ended = { state: result.state, endTime: result.endTime, lastModified: clock.now() };
    this.#end(result, { ...details, ...ended });
  }

  /** The result first, then the job goes: between the two it is known as ended. */
  #end(result: JobResult, details: JobDetails): void {
    const { seams, resources, blobs } = this.#parts;
    const { jobId, state } = result;
    resources.jobEnded(jobId);
    if (isGloballyTerminal(state)) {
      this.#keep(result, details);
      try {
        this.#store.remove(jobId);
      } catch (error) {
        seams.log.log("error", `job ${jobId} stays in the job store: ${error}`);
      }
      blobs?.release(jobId);
    }
    for (const listener of [...this.#onJobEnded]) listener(result);
  }

  #keep(result: JobResult, details: JobDetails): void {
    try {
      this.#results.put(result, details);
    } catch (error) {
      // It is known until this process ends.
      this.#parts.seams.log.log("error", `the result of job ${result.jobId} could not be stored: ${error}`);
    }
  }

  /** Rows that wait for their client stay for a while. */
  #keepRows({ jobId, collect }: JobSubmission, handle: JobMasterHandle): void {
    if (collect.length === 0 || this.#isClosing) return;
    const { clock } = this.#parts.seams;
    const { collectRetentionMs, maxCollecting } = this.#parts.settings;
    const cancel = clock.after(collectRetentionMs, () => void this.#collecting.delete(jobId));
    this.#collecting.set(jobId, { handle, left: new Set(collect), cancel });
    if (this.#collecting.size <= maxCollecting) return;
    const [oldest] = this.#collecting.keys();
    this.#dropRows(oldest);
  }

  #dropRows(jobId: string): void {
    this.#collecting.get(jobId)?.cancel();
    this.#collecting.delete(jobId);
  }

  async #collectFrom(handle: JobMasterHandle, uid: string, ack: number): Promise<readonly unknown[] | "end"> {
    const rows = await handle.collect(uid, ack);
    const collecting = this.#collecting.get(handle.jobId);
    if (rows === "end" && collecting !== undefined) {
      collecting.left.delete(uid);
      if (collecting.left.size === 0) this.#dropRows(handle.jobId);
    }
    return rows;
  }
}

function asFlinkError(error: unknown, jobName: string): FlinkError {
  if (error instanceof FlinkError) return error;
  return new JobExecutionError("TSF-5250", `Job "${jobName}" could not be started`, { cause: error });
}
