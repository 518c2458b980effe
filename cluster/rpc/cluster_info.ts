/**
 * What a JobManager tells about itself, its jobs and its TaskManagers: plain data, made by the JobMaster (jobs) and the
 * ResourceManager (TaskManagers), kept by the Dispatcher, shown by REST. Times are ms since 1970, -1 where Flink says -1.
 *
 * @module
 */

import type { JobPlan as ShownPlan } from "../../runtime/graph/plan_json.ts";
import type { TransferredError } from "../../runtime/seams/error_transfer.ts";
import type { SubtaskProgress } from "../../runtime/tasks/slot/slot_protocol.ts";
import type { ExecutionState } from "../../runtime/tasks/task_states.ts";

// REST and its clients take the states of tasks from here.
export { EXECUTION_TRANSITIONS, type ExecutionState, isTerminal } from "../../runtime/tasks/task_states.ts";

/** State of a job, as JobState of the JobMaster and JobStatus of the API. */
export type JobStateName =
  | "INITIALIZING"
  | "CREATED"
  | "RUNNING"
  | "FAILING"
  | "FAILED"
  | "CANCELLING"
  | "CANCELED"
  | "FINISHED"
  | "RESTARTING"
  | "SUSPENDED"
  | "RECONCILING";

/** Whether nothing follows, on no JobManager. */
export function isGloballyTerminal(state: JobStateName): boolean {
  return state === "FAILED" || state === "CANCELED" || state === "FINISHED";
}

/** One attempt of one subtask. */
export interface SubtaskInfo {
  readonly subtaskIndex: number;
  readonly attemptNumber: number;
  readonly state: ExecutionState;
  /** When it entered each state. */
  readonly timestamps: Readonly<Partial<Record<ExecutionState, number>>>;
  /** Where it runs or ran; undefined while it has no slot. */
  readonly location?: { readonly taskManagerId: string; readonly host: string; readonly dataPort: number };
  /** The latest the slot told; undefined before. */
  readonly progress?: SubtaskProgress;
}

/** One vertex of a job with its current attempts. */
export interface VertexInfo {
  /** 32 hex digits. */
  readonly id: string;
  readonly name: string;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly slotSharingGroup: string;
  /** Names of the operators of its chain. */
  readonly operators: readonly string[];
  /** The current attempts, by subtask index. */
  readonly subtasks: readonly SubtaskInfo[];
}

/** A failure that a job has survived or died of. */
export interface ExceptionInfo {
  readonly timestamp: number;
  readonly error: TransferredError;
  /** `name (1/4)`; undefined for a failure of the whole job. */
  readonly taskName?: string;
  readonly taskManagerId?: string;
  /** host:port. */
  readonly endpoint?: string;
}

/** A job in a list. */
export interface JobOverview {
  readonly jobId: string;
  readonly jobName: string;
  readonly type: "STREAMING" | "BATCH";
  readonly state: JobStateName;
  readonly startTime: number;
  /** -1 while it runs. */
  readonly endTime: number;
  readonly lastModified: number;
  /** Subtasks by state. */
  readonly tasks: Readonly<Partial<Record<ExecutionState, number>>>;
}

/** Everything about a job. */
export interface JobDetails extends JobOverview {
  readonly maxParallelism: number;
  /** When it entered each state, of the last attempt. */
  readonly timestamps: Readonly<Partial<Record<JobStateName, number>>>;
  readonly vertices: readonly VertexInfo[];
  readonly plan: ShownPlan;
  /** Newest first. */
  readonly exceptions: readonly ExceptionInfo[];
  /** Whether older ones were dropped. */
  readonly exceptionsTruncated: boolean;
  /** Configuration of the job, as given. */
  readonly configuration: Readonly<Record<string, string>>;
  readonly parallelism: number;
  readonly objectReuse: boolean;
  /** For people, as "Restart with fixed delay (1000 ms). #3 restart attempts." */
  readonly restartStrategy: string;
  readonly numRestarts: number;
}

/** How a job has ended; a state that is not terminal means: not yet (or SUSPENDED, elsewhere). */
export interface JobResult {
  readonly jobId: string;
  readonly jobName: string;
  readonly state: JobStateName;
  readonly startTime: number;
  readonly endTime: number;
  /** From the first task's start to the last one's end, in ms. */
  readonly netRuntimeMs: number;
  /** Values that structured clone takes. */
  readonly accumulators: Readonly<Record<string, unknown>>;
  /** Of a job that FAILED. */
  readonly error?: TransferredError;
}

/** Numbers of the cluster. */
export interface ClusterOverview {
  readonly taskManagers: number;
  readonly slotsTotal: number;
  readonly slotsAvailable: number;
  readonly jobsRunning: number;
  readonly jobsFinished: number;
  readonly jobsCancelled: number;
  readonly jobsFailed: number;
}

/** Resources of a slot or a TaskManager. */
export interface ResourceInfo {
  readonly cpuCores: number;
  readonly heapMb: number;
  readonly managedMb: number;
  readonly networkMb: number;
}

/** A registered TaskManager. */
export interface TaskManagerInfo {
  readonly resourceId: string;
  readonly host: string;
  readonly dataPort: number;
  readonly pid: number;
  readonly lastHeartbeat: number;
  readonly slotsTotal: number;
  readonly slotsFree: number;
  /** It takes no new slots. */
  readonly isDraining: boolean;
  readonly allocatedSlots: readonly { readonly jobId: string; readonly resource: ResourceInfo }[];
  readonly total: ResourceInfo;
  readonly free: ResourceInfo;
  readonly hardware: {
    readonly cpuCores: number;
    readonly physicalMemoryBytes: number;
    readonly heapBytes: number;
    readonly managedBytes: number;
    readonly networkBytes: number;
  };
}

/** A file of a role's log directory. */
export interface LogFileInfo {
  readonly name: string;
  readonly sizeBytes: number;
  readonly modifiedAt: number;
}
/** Values by metric name, as Flink names them ("Status.Memory.Heap.Used"). */
export type MetricValues = Readonly<Record<string, number | string>>;
