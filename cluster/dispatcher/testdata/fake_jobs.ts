/**
 * A Dispatcher over files in memory whose JobMasters are played by a test.
 *
 * @module
 */

import { CapturedLog, ManualClock, MemoryFiles, testEnvironment } from "tsflink/testing";
import { generateJobGraph } from "../../../runtime/graph/job_graph_generator.ts";
import { type JobPlan, planOf } from "../../../runtime/graph/job_plan.ts";
import { toTransferable } from "../../../runtime/seams/error_transfer.ts";
import { ClusterConfiguration } from "../../config/cluster_configuration.ts";
import type { JobDetails, JobResult, JobStateName } from "../../rpc/cluster_info.ts";
import type { ClusterResources, JobMasterHandle, JobSubmission } from "../../rpc/gateways.ts";
import { Dispatcher, type DispatcherParts } from "../dispatcher.ts";
import { type DispatcherSettings, dispatcherSettings } from "../dispatcher_settings.ts";
import { failedUnstarted } from "../unstarted_job.ts";

/** A small plan: two vertices of parallelism 2. */
export function plan(): JobPlan {
  const { env } = testEnvironment();
  env.setParallelism(2);
  env.fromData(1, 2, 3).rebalance().map((n) => n + 1).name("add one").print();
  return planOf(generateJobGraph(env.getStreamGraph()));
}

const PLAN = plan();

/** Job number n. */
export function submission(n: number, changes: Partial<JobSubmission> = {}): JobSubmission {
  return {
    jobId: n.toString(16).padStart(32, "0"),
    jobName: `job ${n}`,
    descriptor: {
      url: "file:///job.ts",
      executionOrdinal: 0,
      args: ["--n", String(n)],
      configuration: { "parallelism.default": 2 },
      recording: { calls: [], results: {}, environment: [], hasWholeEnvironment: false, events: [] },
    },
    planFingerprint: ["one", "two"],
    plan: PLAN,
    bundleHash: "ab".repeat(32),
    assets: [],
    collect: [],
    submittedAt: 0,
    ...changes,
  };
}

/** A JobMaster of which the test says how it goes. */
export class FakeJobMaster implements JobMasterHandle {
  readonly jobId: string;
  state: JobStateName = "RUNNING";
  cancels = 0;
  /** Rows by uid; batch by batch. */
  readonly rows = new Map<string, unknown[][]>();
  readonly #result = Promise.withResolvers<JobResult>();
  readonly result: Promise<JobResult> = this.#result.promise;

  constructor(readonly job: JobSubmission, readonly now: () => number) {
    this.jobId = job.jobId;
  }

  details(): JobDetails {
    const { details } = failedUnstarted(this.job, new (class extends Error {})() as never, this.now());
    const endTime = ["FINISHED", "FAILED", "CANCELED", "SUSPENDED"].includes(this.state) ? this.now() : -1;
    return { ...details, state: this.state, endTime, tasks: { RUNNING: 4 } };
  }
  accumulators(): Promise<Readonly<Record<string, unknown>>> {
    return Promise.resolve({ soFar: 1 });
  }
  cancel(): void {
    this.cancels++;
    this.state = "CANCELLING";
  }
  async suspend(): Promise<void> {
    await this.end("SUSPENDED");
  }
  collect(uid: string, ack: number): Promise<readonly unknown[] | "end"> {
    const batches = this.rows.get(uid) ?? [];
    return Promise.resolve(batches[ack] ?? (this.state === "RUNNING" ? [] : "end"));
  }

  async breakDown(error: unknown): Promise<void> {
    this.#result.reject(error);
    for (let i = 0; i < 10; i++) await Promise.resolve();
  }

  async end(state: JobStateName, error?: unknown): Promise<void> {
    this.state = state;
    const { jobId, jobName, submittedAt: startTime } = this.job;
    const common = { jobId, jobName, startTime, endTime: this.now(), netRuntimeMs: 5, accumulators: { n: 42n } };
    this.#result.resolve({ ...common, state, ...(error !== undefined && { error: toTransferable(error) }) });
    for (let i = 0; i < 10; i++) await Promise.resolve();
  }
}

/** Everything around a Dispatcher; {@link restart} makes a new one over the same files. */
export class DispatcherBench {
  readonly clock = new ManualClock(1_000_000);
  readonly log = new CapturedLog();
  readonly files: MemoryFiles;
  readonly started: FakeJobMaster[] = [];
  readonly ended: string[] = [];
  /** Thrown by the next start. */
  startError: unknown;
  freeDiskBytes: number | undefined = 1e12;
  dispatcher!: Dispatcher;
  readonly #settings: Partial<DispatcherSettings>;
  readonly #parts: Partial<DispatcherParts>;

  constructor(
    settings: Partial<DispatcherSettings> = {},
    parts: Partial<DispatcherParts> = {},
    files = new MemoryFiles(),
  ) {
    this.#settings = settings;
    this.#parts = parts;
    this.files = files;
    this.restart();
  }

  restart(): void {
    const resources: ClusterResources = {
      overview: () => ({ taskManagers: 1, slotsTotal: 4, slotsAvailable: 2 }),
      taskManagers: () => [],
      drainTaskManager: () => Promise.resolve(),
      jobEnded: (jobId) => void this.ended.push(jobId),
    };
    this.dispatcher = new Dispatcher({
      seams: { clock: this.clock, log: this.log, files: this.files },
      directory: "/data/jobstore",
      startJobMaster: (job) => this.#start(job),
      resources,
      settings: { ...dispatcherSettings(ClusterConfiguration.from({})), ...this.#settings },
      freeDiskBytes: () => this.freeDiskBytes,
      ...this.#parts,
    });
    this.dispatcher.start();
  }

  #start(job: JobSubmission): FakeJobMaster {
    if (this.startError !== undefined) throw this.startError;
    const master = new FakeJobMaster(job, () => this.clock.now());
    this.started.push(master);
    return master;
  }
}
