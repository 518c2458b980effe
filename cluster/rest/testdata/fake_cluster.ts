/**
 * A JobManager whose jobs a test moves by hand; behind the real REST.
 *
 * @module
 */

import { FlinkError } from "../../../runtime/errors.ts";
import type { ExecutionState } from "../../../runtime/tasks/task_states.ts";
import { toTransferable } from "../../../runtime/seams/error_transfer.ts";
import { ManualClock } from "../../../runtime/testing/manual_clock.ts";
import type { JobDetails, JobResult, JobStateName, SubtaskInfo, TaskManagerInfo } from "../../rpc/cluster_info.ts";
import type { JobSubmission } from "../../rpc/gateways.ts";
import type { DispatcherGateway, JobManagerGateway } from "../gateways.ts";
import { type RestApp, restApp, type RestSettings } from "../rest_app.ts";

/** 32 equal hex digits. */
export const id = (digit: string): string => digit.repeat(32);

export const SETTINGS: RestSettings = {
  version: "0.1.0",
  commit: "abc",
  refreshIntervalMs: 3000,
  isSubmitEnabled: true,
  isCancelEnabled: true,
  maxContentLength: 1 << 20,
  timeZone: { name: "UTC", offsetMs: 0 },
};

/** A subtask at work on tm-1. */
export function subtask(index: number, changes: Partial<SubtaskInfo> = {}): SubtaskInfo {
  return {
    subtaskIndex: index,
    attemptNumber: 0,
    state: "RUNNING",
    timestamps: { CREATED: 1000, SCHEDULED: 1010, DEPLOYING: 1020, INITIALIZING: 1050, RUNNING: 1100 },
    location: { taskManagerId: "tm-1", host: "127.0.0.1", dataPort: 4000 },
    progress: {
      executionId: `e-${index}`,
      state: "RUNNING",
      watermark: 5000 + index,
      isBackPressured: false,
      busyTimeMs: 100 * (index + 1),
      operators: [
        { name: "Source: numbers", numRecordsIn: 0, numRecordsOut: 10 * (index + 1) },
        { name: "Map", numRecordsIn: 10 * (index + 1), numRecordsOut: 5 * (index + 1) },
      ],
    } as SubtaskInfo["progress"],
    ...changes,
  };
}

/** A job of one vertex with two subtasks. */
export function jobOf(jobId: string, changes: Partial<JobDetails> = {}): JobDetails {
  return {
    jobId,
    jobName: `job ${jobId[0]}`,
    type: "STREAMING",
    state: "RUNNING",
    startTime: 1000,
    endTime: -1,
    lastModified: 1100,
    tasks: { RUNNING: 2 },
    maxParallelism: 128,
    timestamps: { INITIALIZING: 990, CREATED: 1000, RUNNING: 1100 },
    vertices: [{
      id: id("e"),
      name: "Source: numbers -> Map",
      parallelism: 2,
      maxParallelism: 128,
      slotSharingGroup: "default",
      operators: ["Source: numbers", "Map"],
      subtasks: [subtask(0), subtask(1)],
    }],
    plan: { jid: jobId, name: `job ${jobId[0]}`, type: "STREAMING", nodes: [] },
    exceptions: [],
    exceptionsTruncated: false,
    configuration: { "parallelism.default": "2" },
    parallelism: 2,
    objectReuse: false,
    restartStrategy: "none",
    numRestarts: 0,
    ...changes,
  };
}

export const TASK_MANAGER: TaskManagerInfo = {
  resourceId: "tm-1",
  host: "127.0.0.1",
  dataPort: 4000,
  pid: 77,
  lastHeartbeat: 1900,
  slotsTotal: 2,
  slotsFree: 1,
  isDraining: false,
  allocatedSlots: [{ jobId: id("a"), resource: { cpuCores: 1, heapMb: 128, managedMb: 64, networkMb: 8 } }],
  total: { cpuCores: 2, heapMb: 256, managedMb: 128, networkMb: 16 },
  free: { cpuCores: 1, heapMb: 128, managedMb: 64, networkMb: 8 },
  hardware: { cpuCores: 2, physicalMemoryBytes: 8e9, heapBytes: 2e8, managedBytes: 1e8, networkBytes: 1e7 },
};

interface FakeJob {
  details: JobDetails;
  readonly result: PromiseWithResolvers<JobResult>;
  readonly submission?: JobSubmission;
}

/** See the module. */
export class FakeCluster implements DispatcherGateway, JobManagerGateway {
  readonly clock = new ManualClock(2000);
  readonly jobsById = new Map<string, FakeJob>();
  readonly calls: string[] = [];
  readonly logged: string[] = [];
  readonly blobs = new Map<string, Uint8Array>();
  /** Batches of each collect sink. */
  readonly rows = new Map<string, unknown[][]>();
  refusal: unknown;
  /** What becomes of a job that is submitted; default: it runs on. */
  onSubmit: (job: JobSubmission) => void = () => {};
  readonly app: RestApp;

  constructor(settings: Partial<RestSettings> = {}) {
    this.app = restApp({
      dispatcher: this,
      jobManager: this,
      inspection: {
        logs: () => Promise.resolve([{ name: "tm.log", sizeBytes: 12, modifiedAt: 1800 }]),
        file: (resourceId, name) => Promise.resolve(new TextEncoder().encode(`${name} of ${resourceId}\nsecond\n`)),
        metrics: () => Promise.resolve({ "Status.JVM.Memory.Heap.Used": 42, cores: 2 }),
      },
      blobs: {
        put: async (bytes) => {
          const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
          this.blobs.set(hash, bytes);
          return hash;
        },
      },
      settings: { ...SETTINGS, ...settings },
      clock: this.clock,
      log: { log: (level, message) => this.logged.push(`${level} ${message}`), print: () => {} },
    });
  }

  /** The answer of a request and its JSON. */
  async ask(
    path: string,
    init?: RequestInit,
  ): Promise<{ status: number; json: Record<string, unknown>; response: Response }> {
    const response = await this.app.fetch(new Request(`http://jm${path}`, init));
    const text = await response.clone().text();
    return {
      status: response.status,
      json: text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : {},
      response,
    };
  }
  add(details: JobDetails, submission?: JobSubmission): void {
    this.jobsById.set(details.jobId, { details, result: Promise.withResolvers(), submission });
  }
  /** Ends a job. */
  end(jobId: string, state: JobStateName, more: Partial<JobResult> & { readonly failure?: unknown } = {}): void {
    const job = this.jobsById.get(jobId)!;
    const { failure, ...others } = more;
    const tasks: Partial<Record<ExecutionState, number>> = { [state === "FINISHED" ? "FINISHED" : "CANCELED"]: 2 };
    job.details = { ...job.details, state, endTime: 1500, tasks };
    job.result.resolve({
      jobId,
      jobName: job.details.jobName,
      state,
      startTime: 1000,
      endTime: 1500,
      netRuntimeMs: 400,
      accumulators: {},
      ...(failure !== undefined && { error: toTransferable(failure) }),
      ...others,
    });
  }

  submit(job: JobSubmission): Promise<void> {
    this.calls.push(`submit ${job.jobName}`);
    if (this.refusal !== undefined) return Promise.reject(this.refusal);
    if (this.jobsById.has(job.jobId)) return Promise.reject(new FlinkError("TSF-5241", "duplicate"));
    this.add(jobOf(job.jobId, { jobName: job.jobName }), job);
    this.onSubmit(job);
    return Promise.resolve();
  }
  cancel(jobId: string): Promise<void> {
    this.calls.push(`cancel ${jobId[0]}`);
    this.end(jobId, "CANCELED");
    return Promise.resolve();
  }
  jobs(): JobDetails[] {
    return [...this.jobsById.values()].map(({ details }) => details);
  }
  job(jobId: string): JobDetails | undefined {
    return this.jobsById.get(jobId)?.details;
  }
  result(jobId: string): Promise<JobResult> {
    return this.jobsById.get(jobId)!.result.promise;
  }
  accumulators(): Promise<Readonly<Record<string, unknown>>> {
    return Promise.resolve({ count: 3, seen: new Set(["x"]), total: 9n });
  }
  collect(jobId: string, uid: string, ack: number): Promise<readonly unknown[] | "end"> {
    this.calls.push(`collect ${uid} ${ack}`);
    const batch = this.rows.get(uid)?.[ack];
    if (batch !== undefined) return Promise.resolve(batch);
    return Promise.resolve(this.job(jobId)!.endTime < 0 ? [] : "end");
  }
  overview(): ReturnType<DispatcherGateway["overview"]> {
    return {
      taskManagers: 1,
      slotsTotal: 2,
      slotsAvailable: 1,
      jobsRunning: this.jobs().filter(({ state }) => state === "RUNNING").length,
      jobsFinished: 0,
      jobsCancelled: 0,
      jobsFailed: 0,
    };
  }
  taskManagers(): readonly TaskManagerInfo[] {
    return [TASK_MANAGER];
  }
  drainTaskManager(resourceId: string): Promise<void> {
    this.calls.push(`drain ${resourceId}`);
    return Promise.resolve();
  }
  configuration(): Readonly<Record<string, string>> {
    return { "rest.port": "8081", "security.cluster.token": "******" };
  }
  metrics(): ReturnType<JobManagerGateway["metrics"]> {
    return { numRunningJobs: 1 };
  }
  logs(): ReturnType<NonNullable<JobManagerGateway["logs"]>> {
    return Promise.resolve([{ name: "jm.log", sizeBytes: 7, modifiedAt: 1700 }]);
  }
  file(name: string): Promise<Uint8Array> {
    return Promise.resolve(new TextEncoder().encode(`${name} of jm\n`));
  }
  shutDown(): void {
    this.calls.push("shutDown");
  }
}
