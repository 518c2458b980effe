/**
 * Jobs in the forms of Flink's REST.
 *
 * @module
 */

import { murmur3_128 } from "../../../runtime/types/murmur3.ts";
import { fromTransferable } from "../../../runtime/seams/error_transfer.ts";
import { isSecret } from "../../config/describe_configuration.ts";
import type {
  ExceptionInfo,
  JobDetails,
  JobOverview,
  JobResult,
  JobStateName,
  VertexInfo,
} from "../../rpc/cluster_info.ts";
import { isGloballyTerminal } from "../../rpc/cluster_info.ts";
import { encodeError, errorBody } from "../rest_error.ts";
import { aggregateState, countStates, EXECUTION_STATES, ioMetrics, timesOf } from "./task_numbers.ts";

type Json = Record<string, unknown>;

/** All states of a job, in the order of a job's life. */
const JOB_STATES: readonly JobStateName[] = [
  "INITIALIZING",
  "CREATED",
  "RUNNING",
  "FAILING",
  "FAILED",
  "CANCELLING",
  "CANCELED",
  "FINISHED",
  "RESTARTING",
  "SUSPENDED",
  "RECONCILING",
];

/** An entry of /jobs/overview. */
export function jobOverview(job: JobOverview, now: number): Json {
  const counts = Object.fromEntries(EXECUTION_STATES.map((state) => [state.toLowerCase(), job.tasks[state] ?? 0]));
  return {
    jid: job.jobId,
    name: job.jobName,
    "start-time": job.startTime,
    "end-time": job.endTime,
    duration: (job.endTime < 0 ? now : job.endTime) - job.startTime,
    state: job.state,
    "last-modification": job.lastModified,
    tasks: { total: Object.values(counts).reduce((sum, n) => sum + n, 0), ...counts },
    "pending-operators": 0,
    jobType: job.type,
    schedulerType: "Default",
  };
}

/** /jobs/:id */
export function jobDetails(job: JobDetails, now: number): Json {
  const states = job.vertices.map(({ subtasks }) => aggregateState(subtasks));
  return {
    jid: job.jobId,
    name: job.jobName,
    isStoppable: false,
    state: job.state,
    "job-type": job.type,
    schedulerType: "Default",
    "start-time": job.startTime,
    "end-time": job.endTime,
    duration: (job.endTime < 0 ? now : job.endTime) - job.startTime,
    maxParallelism: job.maxParallelism,
    now,
    timestamps: Object.fromEntries(JOB_STATES.map((state) => [state, job.timestamps[state] ?? 0])),
    vertices: job.vertices.map((vertex) => vertexSummary(vertex, now)),
    "status-counts": countStates(states),
    plan: job.plan,
    "pending-operators": 0,
    "num-restarts": job.numRestarts,
  };
}

/** A vertex in /jobs/:id; operators, watermark and back pressure are tsflink's own. */
function vertexSummary(vertex: VertexInfo, now: number): Json {
  const { subtasks } = vertex;
  const told = subtasks.flatMap(({ progress }) => progress ?? []);
  return {
    id: vertex.id,
    slotSharingGroupId: slotSharingGroupId(vertex.slotSharingGroup),
    name: vertex.name,
    maxParallelism: vertex.maxParallelism,
    parallelism: vertex.parallelism,
    status: aggregateState(subtasks),
    ...timesOf(subtasks, now),
    tasks: countStates(subtasks.map(({ state }) => state)),
    metrics: ioMetrics(subtasks),
    watermark: told.length < subtasks.length ? undefined : shownWatermark(told.map(({ watermark }) => watermark)),
    "is-backpressured": told.some(({ isBackPressured }) => isBackPressured),
    operators: vertex.operators.map((name, i) => ({
      name,
      "read-records": told.reduce((sum, { operators }) => sum + (operators[i]?.numRecordsIn ?? 0), 0),
      "write-records": told.reduce((sum, { operators }) => sum + (operators[i]?.numRecordsOut ?? 0), 0),
    })),
  };
}

/** The lowest; undefined before the first. */
function shownWatermark(watermarks: readonly number[]): number | undefined {
  const lowest = Math.min(...watermarks);
  return Number.isFinite(lowest) && lowest > Number.MIN_SAFE_INTEGER ? lowest : undefined;
}

function slotSharingGroupId(name: string): string {
  return murmur3_128(new TextEncoder().encode(name)).toHex();
}

/** /jobs/:id/config */
export function jobConfig(job: JobDetails): Json {
  return {
    jid: job.jobId,
    name: job.jobName,
    "execution-config": {
      "restart-strategy": job.restartStrategy,
      "job-parallelism": job.parallelism,
      "object-reuse-mode": job.objectReuse,
      "user-config": Object.fromEntries(
        Object.entries(job.configuration).map(([key, value]) => [key, masked(key, value)]),
      ),
    },
  };
}

const MASK = "******";

/** A value, or a mask; of values that are "name:value" pairs only those with such a name are masked. */
function masked(key: string, value: string): string {
  if (isSecret(key)) return MASK;
  return value.split(",").map((pair) => {
    const [name, ...rest] = pair.split(":");
    return rest.length > 0 && isSecret(name.trim()) ? `${name}:${MASK}` : pair;
  }).join(",");
}

/** /jobs/:id/exceptions */
export function jobExceptions(job: JobDetails, limit: number): Json {
  const entries = job.exceptions.slice(0, limit).map(exceptionEntry);
  return {
    exceptionHistory: { entries, truncated: job.exceptionsTruncated || entries.length < job.exceptions.length },
  };
}

function exceptionEntry(exception: ExceptionInfo): Json {
  const error = fromTransferable(exception.error);
  const { code } = errorBody(error);
  return {
    exceptionName: error instanceof Error ? error.name : typeof error,
    stacktrace: stackOf(error),
    timestamp: exception.timestamp,
    failureLabels: {},
    taskName: exception.taskName ?? null,
    endpoint: exception.endpoint ?? null,
    taskManagerId: exception.taskManagerId ?? null,
    concurrentExceptions: [],
    ...(code !== undefined && { code }),
  };
}

/** The stack of an error, then those of its causes. */
export function stackOf(error: unknown): string {
  const parts: string[] = [];
  for (let at = error; at !== undefined && parts.length < 16; at = at instanceof Error ? at.cause : undefined) {
    const { slotStack } = at as { slotStack?: string };
    const text = at instanceof Error ? slotStack ?? at.stack ?? at.message : String(at);
    parts.push(parts.length === 0 ? text : `Caused by: ${text}`);
  }
  return parts.join("\n");
}

const APPLICATION_STATUS: Readonly<Partial<Record<JobStateName, string>>> = {
  FINISHED: "SUCCEEDED",
  FAILED: "FAILED",
  CANCELED: "CANCELED",
};

/** /jobs/:id/execution-result of a job that has ended; `tsflink` holds what JSON cannot, see the client. */
export function executionResult(result: JobResult, accumulators: string): Json {
  const error = result.error === undefined ? undefined : fromTransferable(result.error);
  return {
    status: { id: "COMPLETED" },
    "job-execution-result": {
      id: result.jobId,
      name: result.jobName,
      "application-status": APPLICATION_STATUS[result.state] ?? "UNKNOWN",
      "accumulator-results": Object.fromEntries(
        Object.entries(result.accumulators).map(([name, value]) => [name, plainText(value)]),
      ),
      "net-runtime": result.netRuntimeMs,
      "start-time": result.startTime,
      "end-time": result.endTime,
      ...(error !== undefined && {
        "failure-cause": {
          class: error instanceof Error ? error.name : typeof error,
          "stack-trace": stackOf(error),
          "serialized-throwable": null,
        },
      }),
      tsflink: {
        state: result.state,
        accumulators,
        ...(result.error !== undefined && { error: encodeError(result.error) }),
      },
    },
  };
}

/** /jobs/:id/accumulators */
export function accumulators(values: Readonly<Record<string, unknown>>): Json {
  return {
    "job-accumulators": [],
    "user-task-accumulators": Object.entries(values).map(([name, value]) => ({
      name,
      type: typeOf(value),
      value: plainText(value),
    })),
    "serialized-user-task-accumulators": {},
  };
}

function typeOf(value: unknown): string {
  if (typeof value === "object" && value !== null) return value.constructor?.name ?? "Object";
  return typeof value;
}

/** A value for people. */
function plainText(value: unknown): string {
  if (value instanceof Map) return plainText([...value]);
  if (value instanceof Set) return plainText([...value]);
  if (typeof value !== "object" || value === null) return String(value);
  try {
    return JSON.stringify(value, (_, each) => typeof each === "bigint" ? String(each) : each) ?? String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}

/** Whether the client waits on. */
export function hasEnded(job: JobOverview): boolean {
  return isGloballyTerminal(job.state) || job.state === "SUSPENDED";
}
