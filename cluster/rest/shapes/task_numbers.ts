/**
 * Numbers of subtasks in the forms of Flink's REST: IO metrics, time in each state, statistics over subtasks.
 *
 * @module
 */

import { EXECUTION_TRANSITIONS, type ExecutionState, isTerminal, type SubtaskInfo } from "../../rpc/cluster_info.ts";

/** All states of a task. */
export const EXECUTION_STATES = Object.keys(EXECUTION_TRANSITIONS) as ExecutionState[];

/** IO metrics of one or several subtasks. */
export interface IoMetrics {
  "read-bytes": number;
  "read-bytes-complete": boolean;
  "write-bytes": number;
  "write-bytes-complete": boolean;
  "read-records": number;
  "read-records-complete": boolean;
  "write-records": number;
  "write-records-complete": boolean;
  "accumulated-backpressured-time": number;
  "accumulated-idle-time": number;
  "accumulated-busy-time": number;
}

/** What slots tell beside the counts of records, where they do. */
interface MoreProgress {
  readonly numBytesIn?: number;
  readonly numBytesOut?: number;
  readonly idleTimeMs?: number;
  readonly backPressuredTimeMs?: number;
}

/** Sums over subtasks; those that have told nothing yet are missing in it. */
export function ioMetrics(subtasks: readonly SubtaskInfo[]): IoMetrics {
  const told = subtasks.flatMap(({ progress }) => progress ?? []);
  const isComplete = told.length === subtasks.length;
  const sum = (of: (progress: typeof told[number] & MoreProgress) => number | undefined) =>
    told.reduce((total, progress) => total + (of(progress) ?? 0), 0);
  return {
    "read-bytes": sum(({ numBytesIn }) => numBytesIn),
    "read-bytes-complete": isComplete,
    "write-bytes": sum(({ numBytesOut }) => numBytesOut),
    "write-bytes-complete": isComplete,
    "read-records": sum(({ operators }) => operators[0]?.numRecordsIn),
    "read-records-complete": isComplete,
    "write-records": sum(({ operators }) => operators.at(-1)?.numRecordsOut),
    "write-records-complete": isComplete,
    "accumulated-backpressured-time": Math.round(sum(({ backPressuredTimeMs }) => backPressuredTimeMs)),
    "accumulated-idle-time": Math.round(sum(({ idleTimeMs }) => idleTimeMs)),
    "accumulated-busy-time": Math.round(sum(({ busyTimeMs }) => busyTimeMs)),
  };
}

/** Subtasks by state, every state named. */
export function countStates(states: Iterable<ExecutionState>): Record<ExecutionState, number> {
  const counts = Object.fromEntries(EXECUTION_STATES.map((state) => [state, 0])) as Record<ExecutionState, number>;
  for (const state of states) counts[state]++;
  return counts;
}

/** The state of a vertex from those of its subtasks: what needs attention wins. */
export function aggregateState(subtasks: readonly SubtaskInfo[]): ExecutionState {
  const counts = countStates(subtasks.map(({ state }) => state));
  const first = (["FAILED", "CANCELING", "CANCELED", "INITIALIZING", "RUNNING"] as const).find((s) => counts[s] > 0);
  if (first !== undefined) return first;
  if (counts.FINISHED > 0) return counts.FINISHED === subtasks.length ? "FINISHED" : "RUNNING";
  return "CREATED";
}

/** Start, end and duration; -1 where there is none. */
export interface Times {
  "start-time": number;
  "end-time": number;
  duration: number;
}

/** From the deployment to the end. */
export function timesOf(subtasks: readonly SubtaskInfo[], now: number): Times {
  const starts = subtasks.flatMap(({ timestamps }) => timestamps.DEPLOYING ?? []);
  const hasEnded = subtasks.length > 0 && subtasks.every(({ state }) => isTerminal(state));
  const start = starts.length === 0 ? -1 : Math.min(...starts);
  const end = hasEnded ? Math.max(...subtasks.map(({ state, timestamps }) => timestamps[state] ?? -1)) : -1;
  return { "start-time": start, "end-time": end, duration: start < 0 ? -1 : (end < 0 ? now : end) - start };
}

/** States a subtask goes through, in order, of which REST tells how long each took. */
const TIMED_STATES = ["CREATED", "SCHEDULED", "DEPLOYING", "INITIALIZING", "RUNNING"] as const;

/** How long a subtask has been in each state it has entered; -1 for the others. */
export function statusDurations({ timestamps, state }: SubtaskInfo, now: number): Record<string, number> {
  const entered = EXECUTION_STATES.flatMap((each) => timestamps[each] ?? []).sort((a, b) => a - b);
  return Object.fromEntries(TIMED_STATES.map((each) => {
    const start = timestamps[each];
    if (start === undefined) return [each, -1];
    const next = state === each ? now : entered.find((time) => time > start) ?? start;
    return [each, next - start];
  }));
}

/** Statistics as Flink's MetricStatistics. */
export function statistics(numbers: readonly number[]): Record<string, number> {
  const sorted = [...numbers].sort((a, b) => a - b);
  if (sorted.length === 0) return { min: 0, max: 0, avg: 0, sum: 0, median: 0, p25: 0, p75: 0, p95: 0 };
  const sum = sorted.reduce((total, n) => total + n, 0);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))];
  return {
    min: sorted[0],
    max: sorted.at(-1)!,
    avg: Math.floor(sum / sorted.length),
    sum,
    median: at(0.5),
    p25: at(0.25),
    p75: at(0.75),
    p95: at(0.95),
  };
}

/** Statistics of each number of several subtasks, and of the time in each state. */
export function aggregated(subtasks: readonly SubtaskInfo[], now: number): Record<string, unknown> {
  const metrics = subtasks.map((subtask) => ioMetrics([subtask]));
  const durations = subtasks.map((subtask) => statusDurations(subtask, now));
  const names = Object.keys(ioMetrics([])).filter((name) => !name.endsWith("-complete")) as (keyof IoMetrics)[];
  return {
    metrics: Object.fromEntries(names.map((name) => [name, statistics(metrics.map((each) => Number(each[name])))])),
    "status-duration": Object.fromEntries(
      TIMED_STATES.map((state) => [state, statistics(durations.map((each) => each[state]).filter((ms) => ms >= 0))]),
    ),
  };
}

/** host:port of a subtask. */
export function endpointOf({ location }: SubtaskInfo): string {
  return location === undefined ? "(unassigned)" : `${location.host}:${location.dataPort}`;
}
