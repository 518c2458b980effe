/**
 * A job of a JobManager, from its submission to its end: its coordinator isolate runs the program once more and gives the
 * plan, then the JobMaster runs it in slots of TaskManagers. Before that, and after its end, the same handle answers.
 *
 * Who calls: the Dispatcher, through StartJobMaster; the entry point makes that with {@link startJobMasters}.
 *
 * @module
 */

import { InvalidProgramError, JobExecutionError } from "../../runtime/errors.ts";
import { SlotOptions } from "../../runtime/api/config_options.ts";
import { Configuration } from "../../runtime/api/configuration.ts";
import { type JobTopology, topologyOf } from "../../runtime/graph/job_plan.ts";
import { toTransferable } from "../../runtime/seams/error_transfer.ts";
import type { Seams } from "../../runtime/seams/seams.ts";
import type { WorkerHost } from "../../runtime/seams/worker_host.ts";
import type { CapturedPlan } from "../../runtime/tasks/coordinator/coordinator_protocol.ts";
import {
  CoordinatorIsolate,
  type CoordinatorIsolateOptions,
} from "../../runtime/tasks/coordinator/coordinator_isolate.ts";
import type { JobDetails, JobResult, JobStateName } from "../rpc/cluster_info.ts";
import type { JobMasterHandle, JobSubmission, ResourceManagerGateway, StartJobMaster } from "../rpc/gateways.ts";
import type { SlotProfile } from "../rpc/messages.ts";
import type { RpcService } from "../rpc/rpc_service.ts";
import { ClusterSlots, type ClusterSlotsLimits } from "./cluster_slots.ts";
import { CollectedBatches } from "./collected_batches.ts";
import { ExceptionHistory } from "./exception_history.ts";
import { ExecutionGraph } from "./execution_graph.ts";
import { jobDetails } from "./job_details.ts";
import { JobMaster } from "./job_master.ts";
import { restartStrategyText } from "./task_settings.ts";

/** What the JobMasters of a JobManager share. */
export interface RemoteJobOptions {
  readonly seams: Seams;
  readonly rpc: RpcService;
  readonly resourceManager: ResourceManagerGateway;
  /** Threads of coordinator isolates. */
  readonly host: WorkerHost;
  readonly doorbells: CoordinatorIsolateOptions["doorbells"];
  /** A file URL of the job's bundle in this process. */
  readonly bundleUrl: (job: JobSubmission) => string | Promise<string>;
  /** Settings of the JobManager that hold for jobs which say nothing else. */
  readonly configuration?: Readonly<Record<string, unknown>>;
  /** What every slot must have. Default: anything will do. */
  readonly profile?: SlotProfile;
  readonly limits?: Partial<RemoteJobLimits>;
}

/** Every number that bounds something. */
export interface RemoteJobLimits
  extends Omit<ClusterSlotsLimits, "captureTimeoutMs" | "closeTimeoutMs" | "cancellationTimeoutMs"> {
  /** A coordinator isolate that has not moved for that long is given up. */
  readonly coordinatorTimeoutMs: number;
  /** Heap of a coordinator isolate. */
  readonly coordinatorHeapMb: number;
  /** Batches of rows that wait for the client, per sink. */
  readonly maxCollectedBatches: number;
  /** Rows per stage that may be tried again, which wait for its end. */
  readonly maxHeldRows: number;
  /** How long a client that asks for rows waits for some. */
  readonly collectPollMs: number;
}

/** Flink's defaults, and ours where Flink has none. */
export const DEFAULT_JOB_LIMITS: RemoteJobLimits = {
  requestTimeoutMs: 300_000,
  idleTimeoutMs: 50_000,
  heartbeatIntervalMs: 10_000,
  heartbeatTimeoutMs: 50_000,
  progressMs: 500,
  coordinatorTimeoutMs: 30_000,
  coordinatorHeapMb: 256,
  maxCollectedBatches: 64,
  maxHeldRows: 100_000,
  collectPollMs: 1000,
};

/** How much later than the TaskManager the JobMaster stops to wait for a thread to end, in ms. */
const CLOSE_GRACE_MS = 5000;

/** Slots a job has at the same time: a BATCH job those of one region, in whose place come those of the next. */
function slotsAtOnce(jobGraph: JobTopology): number {
  if (jobGraph.type === "STREAMING") return jobGraph.requiredSlots;
  return Math.max(...jobGraph.vertices.map(({ parallelism }) => parallelism));
}

/** Makes what starts the JobMaster of a job. */
export function startJobMasters(options: RemoteJobOptions): StartJobMaster {
  return (job) => new RemoteJob(job, options);
}

/** See the module. */
export class RemoteJob implements JobMasterHandle {
  readonly jobId: string;
  readonly result: Promise<JobResult>;
  readonly #job: JobSubmission;
  readonly #options: RemoteJobOptions;
  readonly #limits: RemoteJobLimits;
  readonly #isolate: CoordinatorIsolate;
  readonly #collected: ReadonlyMap<string, CollectedBatches>;
  readonly #exceptions = new ExceptionHistory();
  readonly #token: string;
  /** The graph from the submission; it counts until there is a JobMaster. */
  readonly #planned: ExecutionGraph;
  #configuration: Configuration;
  #master: JobMaster | undefined;
  /** Why it is to end before there is a JobMaster. */
  #endsEarly: { readonly state: "CANCELED" | "SUSPENDED"; readonly cause?: unknown } | undefined;

  constructor(job: JobSubmission, options: RemoteJobOptions) {
    const { seams, host, doorbells } = options;
    this.#job = job;
    this.#options = options;
    this.#limits = { ...DEFAULT_JOB_LIMITS, ...options.limits };
    this.jobId = job.jobId;
    this.#configuration = Configuration.from({ ...options.configuration, ...job.descriptor.configuration });
    const random = seams.random.fork(job.jobId);
    this.#token = Array.from({ length: 4 }, () => random.u32().toString(16).padStart(8, "0")).join("");
    this.#planned = new ExecutionGraph(job.jobId, topologyOf(job.plan), () => seams.clock.now(), () => {});
    const { maxCollectedBatches: maxBatches, collectPollMs: pollTimeoutMs } = this.#limits;
    this.#collected = new Map(
      job.collect.map((uid) => [uid, new CollectedBatches({ clock: seams.clock, maxBatches, pollTimeoutMs })]),
    );
    const isolate: Omit<CoordinatorIsolateOptions, "program"> = {
      host,
      doorbells,
      clock: seams.clock,
      log: seams.log,
      jobName: job.jobName,
      planFingerprint: job.planFingerprint,
      captureTimeoutMs: this.#configuration.get(SlotOptions.CAPTURE_TIMEOUT),
      stuckTimeoutMs: this.#limits.coordinatorTimeoutMs,
      heapMb: this.#limits.coordinatorHeapMb,
      seed: random.u32(),
    };
    this.#isolate = new CoordinatorIsolate({ ...isolate, program: job.descriptor });
    this.result = this.#run(random.u32()).catch((error) => this.#failed(error)).then(() => this.#end());
  }

  get state(): JobStateName {
    return (this.#master?.graph ?? this.#planned).state;
  }
  /** The JobMaster, once there is one. */
  get master(): JobMaster | undefined {
    return this.#master;
  }

  details(): JobDetails {
    const master = this.#master;
    const exceptions = master?.exceptions ?? this.#exceptions;
    return jobDetails({
      graph: master?.graph ?? this.#planned,
      startTime: this.#job.submittedAt,
      configuration: this.#configuration,
      exceptions: exceptions.entries,
      exceptionsTruncated: exceptions.isTruncated,
      restartStrategy: restartStrategyText(this.#configuration, this.#planned.jobGraph.type),
      numRestarts: master?.numRestarts ?? 0,
      progress: master?.subtaskProgress() ?? new Map(),
      locationOf: (id) => master?.locationOf(id),
      now: this.#options.seams.clock.now(),
    });
  }

  async accumulators(): Promise<Readonly<Record<string, unknown>>> {
    return await this.#master?.getAccumulators() ?? {};
  }

  cancel(): void {
    // Rows nobody may fetch any more must not hold it up.
    for (const batches of this.#collected.values()) batches.end();
    if (this.#master !== undefined) void this.#master.cancel();
    else this.#endEarly({ state: "CANCELED" });
  }

  async suspend(cause: unknown): Promise<void> {
    for (const batches of this.#collected.values()) batches.end();
    if (this.#master !== undefined) await this.#master.suspend(cause);
    else this.#endEarly({ state: "SUSPENDED", cause });
    await this.result;
  }

  async collect(uid: string, ack: number): Promise<readonly unknown[] | "end"> {
    const batches = this.#collected.get(uid);
    if (batches !== undefined) return await batches.take(ack);
    throw new JobExecutionError("TSF-5228", `Job "${this.#job.jobName}" has no sink ${uid} whose rows can be fetched`, {
      expected: this.#job.collect.join(", ") || "a job with executeAndCollect()",
      found: uid,
    });
  }

  #endEarly(end: { readonly state: "CANCELED" | "SUSPENDED"; readonly cause?: unknown }): void {
    if (this.#planned.isTerminal) return;
    this.#endsEarly ??= end;
    void this.#isolate.close();
  }

  async #run(seed: number): Promise<void> {
    const { bundleUrl, seams, host } = this.#options;
    seams.log.log("info", `job ${this.jobId} ("${this.#job.jobName}") is taken`);
    const url = await bundleUrl(this.#job);
    if (this.#endsEarly !== undefined) return;
    const slots = this.#makeSlots(seed);
    try {
      // While its program runs once more: what it builds is nearly always what was submitted.
      slots.pool.expect(slotsAtOnce(this.#planned.jobGraph));
      const captured = await this.#isolate.capture(url);
      host.prewarm(1);
      if (this.#endsEarly !== undefined) return await slots.close();
      for (const warning of captured.warnings) seams.log.log("warn", warning);
      this.#master = this.#makeMaster(captured, slots);
    } catch (error) {
      await slots.close();
      throw error;
    }
    await this.#master.start();
    await this.#master.ended;
  }

  #makeSlots(seed: number): ClusterSlots {
    const { seams, rpc, resourceManager, profile } = this.#options;
    const { jobId, jobName, descriptor, planFingerprint, bundleHash, assets } = this.#job;
    return new ClusterSlots({
      jobId,
      jobName,
      jobMasterToken: this.#token,
      program: descriptor,
      planFingerprint,
      bundleHash,
      assets,
      rpc,
      resourceManager,
      clock: seams.clock,
      log: seams.log,
      profile,
      seed,
      limits: {
        ...this.#limits,
        captureTimeoutMs: this.#configuration.get(SlotOptions.CAPTURE_TIMEOUT),
        closeTimeoutMs: this.#configuration.get(SlotOptions.CANCELLATION_TIMEOUT) + CLOSE_GRACE_MS,
        cancellationTimeoutMs: this.#configuration.getOptional(SlotOptions.CANCELLATION_TIMEOUT),
      },
    });
  }

  #makeMaster({ plan, configuration }: CapturedPlan, slots: ClusterSlots): JobMaster {
    const { seams } = this.#options;
    const { jobId, jobName, collect } = this.#job;
    this.#checkPlan(plan);
    const values = this.#configuration = Configuration.from({ ...this.#configuration.toObject(), ...configuration });
    return new JobMaster({
      jobId,
      jobGraph: topologyOf(plan),
      configuration: values,
      collect: new Map(collect.map((uid) => [uid, (batch) => this.#collected.get(uid)!.add(batch)])),
      maxHeldRows: this.#limits.maxHeldRows,
      // Each TaskManager lays them down for itself.
      cachedFiles: () => new Map(),
      seams,
      slots,
      coordinators: (listener) => {
        this.#isolate.listener = listener;
        return this.#isolate;
      },
      onState: (state) => seams.log.log("info", `job ${jobId} ("${jobName}") is ${state}`),
    });
  }

  /** The isolate compares what the program builds; this compares what does not hang on code. */
  #checkPlan({ vertices }: CapturedPlan["plan"]): void {
    for (const { id, name, parallelism } of vertices) {
      const submitted = this.#job.plan.vertices.find((vertex) => vertex.id === id);
      if (submitted?.parallelism === parallelism) continue;
      throw new InvalidProgramError("TSF-5229", `main() gives "${name}" another parallelism when it is run again`, {
        expected: String(submitted?.parallelism),
        found: String(parallelism),
        hint: "What decides about it belongs into the arguments, the configuration or await env.once().",
      });
    }
  }

  /** It has failed before its JobMaster could run. */
  #failed(error: unknown): void {
    if (this.#endsEarly !== undefined) return;
    const { clock } = this.#options.seams;
    this.#exceptions.add(error, { timestamp: clock.now() });
    if (this.#master !== undefined && !this.#master.graph.isTerminal) return this.#master.fail(error);
    for (const execution of this.#planned.executions) this.#planned.update(execution, "CANCELED");
    this.#planned.fail(error);
  }

  async #end(): Promise<JobResult> {
    const { seams } = this.#options;
    const planned = this.#planned;
    if (this.#endsEarly !== undefined && this.#master === undefined) {
      const { state, cause } = this.#endsEarly;
      planned.failure = cause;
      for (const execution of planned.executions) planned.update(execution, "CANCELED");
      if (state === "SUSPENDED") planned.transition("SUSPENDED");
      else planned.cancel();
    }
    await this.#master?.ended;
    await this.#isolate.close();
    for (const batches of this.#collected.values()) batches.end();
    const graph = this.#master?.graph ?? planned;
    seams.log.log("info", `job ${this.jobId} ("${this.#job.jobName}") has ended: ${graph.state}`);
    return {
      jobId: this.jobId,
      jobName: this.#job.jobName,
      state: graph.state,
      startTime: this.#job.submittedAt,
      endTime: graph.timestamps[graph.state] ?? seams.clock.now(),
      netRuntimeMs: this.#master?.netRuntimeMs ?? 0,
      ...await this.#outcome(graph),
    };
  }

  async #outcome(graph: ExecutionGraph): Promise<Pick<JobResult, "accumulators" | "error">> {
    if (graph.state === "FAILED") return { accumulators: {}, error: toTransferable(graph.failure) };
    try {
      return { accumulators: await this.accumulators() };
    } catch (error) {
      return { accumulators: {}, error: toTransferable(error) };
    }
  }
}
