/**
 * The handle of a job on a cluster; for jobs that give rows to the client it fetches them, as fast as they are read.
 *
 * @module
 */

import { FlinkError, JobExecutionError } from "../../runtime/errors.ts";
import type { CollectReceiver } from "../../runtime/api/executor.ts";
import type { JobClient, JobExecutionResult, JobStatus } from "../../runtime/api/job_client.ts";
import type { ClusterClient } from "./cluster_client.ts";

const ENDED: ReadonlySet<JobStatus> = new Set(["FINISHED", "FAILED", "CANCELED", "SUSPENDED"]);

/** See the module. */
export class RemoteJobClient implements JobClient {
  readonly jobName: string;
  readonly #cluster: ClusterClient;
  readonly #jobId: string;
  readonly #rows: Promise<void[]>;
  #result: Promise<JobExecutionResult> | undefined;
  #wasHeard = false;
  #wasCancelled = false;

  /** @param collect Receivers of rows; fetching begins at once. */
  constructor(
    cluster: ClusterClient,
    job: { id: string; name: string },
    collect: ReadonlyMap<string, CollectReceiver>,
  ) {
    this.#cluster = cluster;
    this.#jobId = job.id;
    this.jobName = job.name;
    this.#rows = Promise.all([...collect].map(([uid, receive]) => this.#fetchRows(uid, receive)));
    this.#rows.catch(() => {});
  }

  getJobID(): string {
    return this.#jobId;
  }
  getJobStatus(): Promise<JobStatus> {
    return this.#cluster.status(this.#jobId);
  }
  getAccumulators(): Promise<Readonly<Record<string, unknown>>> {
    return this.#cluster.accumulators(this.#jobId);
  }
  /** Whether the program has asked for the result: it has dealt with the failure then. */
  get wasHeard(): boolean {
    return this.#wasHeard;
  }
  /** Whether this client has cancelled it. */
  get wasCancelled(): boolean {
    return this.#wasCancelled;
  }
  async cancel(): Promise<void> {
    this.#wasCancelled = true;
    try {
      await this.#cluster.cancel(this.#jobId);
    } catch (error) {
      // It has ended meanwhile: nothing to do.
      if (!(error instanceof FlinkError && error.code === "TSF-4155")) throw error;
    }
    await this.#cluster.end(this.#jobId);
  }
  getJobExecutionResult(): Promise<JobExecutionResult> {
    this.#wasHeard = true;
    return this.result();
  }
  /** As {@link getJobExecutionResult}, for those who only watch. */
  result(): Promise<JobExecutionResult> {
    this.#result ??= this.#awaitEnd();
    return this.#result;
  }

  async #awaitEnd(): Promise<JobExecutionResult> {
    const ended = this.#cluster.end(this.#jobId);
    ended.catch(() => {});
    // A job whose rows nobody takes any more waits for ever; one that has ended says itself why.
    const rows = this.#rows.then(() => ended, async (error) => {
      const state = await this.getJobStatus().catch(() => undefined);
      if (state === undefined || !ENDED.has(state)) throw error;
      return await ended;
    });
    await Promise.race([ended, rows]);
    const { state, result, error } = await ended;
    if (state === "FINISHED") {
      // What was produced counts only once the program has it.
      await this.#rows;
      return result;
    }
    if (error !== undefined) throw error;
    if (state === "CANCELED") {
      throw new JobExecutionError("TSF-5020", `Job "${this.jobName}" was cancelled`, {
        hint: `Job ${this.#jobId} was cancelled by a client.`,
      });
    }
    throw new FlinkError("TSF-4153", `Job ${this.#jobId} has left this JobManager as ${state}`, {
      expected: "FINISHED, FAILED or CANCELED",
      found: state,
      hint: "The JobManager was stopped; running jobs are not recovered yet.",
    });
  }

  async #fetchRows(uid: string, receive: CollectReceiver): Promise<void> {
    for (let ack = 0;;) {
      const batch = await this.#cluster.collect(this.#jobId, uid, ack);
      if (batch === "end") return;
      if (batch.length === 0) continue;
      await receive([...batch]);
      ack++;
    }
  }
}
