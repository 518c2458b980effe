/**
 * Vertices and subtasks in the forms of Flink's REST.
 *
 * @module
 */

import type { JobDetails, MetricValues, SubtaskInfo, VertexInfo } from "../../rpc/cluster_info.ts";
import type { MetricRates, Rates } from "./metric_rates.ts";
import {
  aggregated,
  aggregateState,
  countStates,
  endpointOf,
  EXECUTION_STATES,
  ioMetrics,
  statusDurations,
  timesOf,
} from "./task_numbers.ts";

type Json = Record<string, unknown>;

/** /jobs/:id/vertices/:v */
export function vertexDetails(vertex: VertexInfo, now: number): Json {
  return {
    id: vertex.id,
    name: vertex.name,
    parallelism: vertex.parallelism,
    maxParallelism: vertex.maxParallelism,
    now,
    subtasks: vertex.subtasks.map((subtask) => subtaskDetails(subtask, now)),
    aggregated: aggregated(vertex.subtasks, now),
  };
}

/** One attempt of a subtask. */
export function subtaskDetails(subtask: SubtaskInfo, now: number): Json {
  const times = timesOf([subtask], now);
  return {
    subtask: subtask.subtaskIndex,
    status: subtask.state,
    attempt: subtask.attemptNumber,
    endpoint: endpointOf(subtask),
    "start-time": times["start-time"],
    start_time: times["start-time"],
    "end-time": times["end-time"],
    duration: times.duration,
    metrics: ioMetrics([subtask]),
    "taskmanager-id": subtask.location?.taskManagerId ?? "(unassigned)",
    "status-duration": statusDurations(subtask, now),
  };
}

/** /jobs/:id/vertices/:v/subtasktimes */
export function subtaskTimes(vertex: VertexInfo, now: number): Json {
  return {
    id: vertex.id,
    name: vertex.name,
    now,
    subtasks: vertex.subtasks.map((subtask) => ({
      subtask: subtask.subtaskIndex,
      endpoint: endpointOf(subtask),
      duration: timesOf([subtask], now).duration,
      timestamps: Object.fromEntries(EXECUTION_STATES.map((state) => [state, subtask.timestamps[state] ?? 0])),
    })),
  };
}

/** /jobs/:id/vertices/:v/taskmanagers */
export function vertexTaskManagers(vertex: VertexInfo, now: number): Json {
  const byTaskManager = Map.groupBy(vertex.subtasks, ({ location }) => location?.taskManagerId ?? "(unassigned)");
  return {
    id: vertex.id,
    name: vertex.name,
    now,
    taskmanagers: [...byTaskManager].map(([taskManagerId, subtasks]) => ({
      endpoint: endpointOf(subtasks[0]),
      status: aggregateState(subtasks),
      ...timesOf(subtasks, now),
      metrics: ioMetrics(subtasks),
      "status-counts": countStates(subtasks.map(({ state }) => state)),
      "taskmanager-id": taskManagerId,
      aggregated: aggregated(subtasks, now),
    })),
  };
}

/** /jobs/:id/vertices/:v/backpressure */
export function backPressure(vertex: VertexInfo, rates: MetricRates, now: number): Json {
  const subtasks = vertex.subtasks.map((subtask) => {
    const { backPressuredTimeMsPerSecond, idleTimeMsPerSecond, busyTimeMsPerSecond } = rates.of(subtask, now);
    const ratio = backPressuredTimeMsPerSecond / 1000;
    return {
      subtask: subtask.subtaskIndex,
      backpressureLevel: backPressureLevel(ratio),
      ratio,
      idleRatio: idleTimeMsPerSecond / 1000,
      busyRatio: busyTimeMsPerSecond / 1000,
    };
  });
  if (vertex.subtasks.every(({ progress }) => progress === undefined)) return { status: "deprecated" };
  return {
    status: "ok",
    backpressureLevel: backPressureLevel(Math.max(...subtasks.map(({ ratio }) => ratio))),
    "end-timestamp": now,
    subtasks,
  };
}

function backPressureLevel(ratio: number): "ok" | "low" | "high" {
  return ratio <= 0.1 ? "ok" : ratio <= 0.5 ? "low" : "high";
}

/** Watermark before the first, as Flink has it. */
const NO_WATERMARK = "-9223372036854775808";

function shownWatermark(watermark: number | undefined): string {
  if (watermark === undefined || watermark <= Number.MIN_SAFE_INTEGER) return NO_WATERMARK;
  return watermark >= Number.MAX_SAFE_INTEGER ? "9223372036854775807" : String(watermark);
}

/** /jobs/:id/vertices/:v/watermarks */
export function watermarks(vertex: VertexInfo): Json[] {
  return vertex.subtasks.map(({ subtaskIndex, progress }) => ({
    id: `${subtaskIndex}.currentInputWatermark`,
    value: shownWatermark(progress?.watermark),
  }));
}

/** Metrics of one subtask by Flink's names. */
export function subtaskMetrics(subtask: SubtaskInfo, rates: MetricRates, now: number): MetricValues {
  const { progress } = subtask;
  if (progress === undefined) return {};
  const rate: Rates = rates.of(subtask, now);
  const io = ioMetrics([subtask]);
  const values: Record<string, number | string> = {
    numRecordsIn: io["read-records"],
    numRecordsOut: io["write-records"],
    numBytesIn: io["read-bytes"],
    numBytesOut: io["write-bytes"],
    ...rate,
    isBackPressured: String(progress.isBackPressured),
    accumulateBusyTimeMs: io["accumulated-busy-time"],
    accumulateIdleTimeMs: io["accumulated-idle-time"],
    accumulateBackPressuredTimeMs: io["accumulated-backpressured-time"],
    currentInputWatermark: shownWatermark(progress.watermark),
  };
  for (const { name, numRecordsIn, numRecordsOut } of progress.operators) {
    const prefix = name.replaceAll(/[^\w]/g, "_");
    values[`${prefix}.numRecordsIn`] = numRecordsIn;
    values[`${prefix}.numRecordsOut`] = numRecordsOut;
  }
  return values;
}

/** Metrics of all subtasks of a vertex: `<subtask>.<name>`. */
export function vertexMetrics(vertex: VertexInfo, rates: MetricRates, now: number): MetricValues {
  return Object.fromEntries(
    vertex.subtasks.flatMap((subtask) =>
      Object.entries(subtaskMetrics(subtask, rates, now)).map(([name, value]) => [
        `${subtask.subtaskIndex}.${name}`,
        value,
      ])
    ),
  );
}

/** Metrics of a job by Flink's names. */
export function jobMetrics(job: JobDetails, now: number): MetricValues {
  const { RUNNING } = job.timestamps;
  const isRunning = job.state === "RUNNING" && RUNNING !== undefined;
  return {
    numRestarts: job.numRestarts,
    fullRestarts: job.numRestarts,
    uptime: isRunning ? now - RUNNING : job.endTime < 0 ? 0 : -1,
    runningTime: isRunning ? now - RUNNING : 0,
    restartingTime: job.state === "RESTARTING" ? now - (job.timestamps.RESTARTING ?? now) : 0,
  };
}

/** Names without values, or the values of those that are asked for. */
export function metricList(values: MetricValues, wanted: readonly string[] | undefined): Json[] {
  if (wanted === undefined) return Object.keys(values).map((id) => ({ id }));
  return wanted.filter((id) => id in values).map((id) => ({ id, value: String(values[id]) }));
}

const AGGREGATIONS = ["min", "max", "avg", "sum", "skew"] as const;

/** Metrics over several of their kind: `[{id, min, max, avg, sum, skew}]`. */
export function aggregatedMetrics(
  each: readonly MetricValues[],
  wanted: readonly string[] | undefined,
  aggregations: readonly string[] = AGGREGATIONS,
): Json[] {
  const names = [...new Set(each.flatMap((values) => Object.keys(values)))];
  if (wanted === undefined) return names.map((id) => ({ id }));
  return wanted.filter((id) => names.includes(id)).flatMap((id) => {
    const numbers = each.map((values) => Number(values[id])).filter(Number.isFinite);
    if (numbers.length === 0) return [];
    const sum = numbers.reduce((total, n) => total + n, 0);
    const avg = sum / numbers.length;
    const deviation = numbers.reduce((total, n) => total + Math.abs(n - avg), 0) / numbers.length;
    const all: Record<string, number> = {
      min: Math.min(...numbers),
      max: Math.max(...numbers),
      avg,
      sum,
      skew: avg === 0 ? 0 : (deviation / avg) * 100,
    };
    return [{
      id,
      ...Object.fromEntries(AGGREGATIONS.filter((a) => aggregations.includes(a)).map((a) => [a, all[a]])),
    }];
  });
}
