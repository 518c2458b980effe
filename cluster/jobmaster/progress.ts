/**
 * Numbers of a running job for people: per vertex records in and out, watermark, back pressure. Put together on demand
 * from what the slots tell of their subtasks; nothing is counted for it on the path of a record.
 *
 * @module
 */

import type { ExecutionState } from "../../runtime/tasks/task_states.ts";
import type { SubtaskProgress } from "../../runtime/tasks/slot/slot_protocol.ts";
import { MIN_WATERMARK } from "../../runtime/types/stream_element.ts";

/** Progress of one operator, over all its subtasks. */
export interface OperatorProgress {
  readonly name: string;
  readonly numRecordsIn: number;
  readonly numRecordsOut: number;
}

/** Progress of one vertex, over all its subtasks. */
export interface VertexProgress {
  readonly id: string;
  readonly name: string;
  readonly parallelism: number;
  readonly numRecordsIn: number;
  readonly numRecordsOut: number;
  /** Lowest watermark of its subtasks, ms; undefined before the first. */
  readonly watermark: number | undefined;
  readonly isBackPressured: boolean;
  readonly busyTimeMs: number;
  readonly states: Readonly<Partial<Record<ExecutionState, number>>>;
  readonly operators: readonly OperatorProgress[];
}

/** The part of a vertex that is known before any of its subtasks tells something. */
export interface ShownVertex {
  readonly id: string;
  readonly name: string;
  /** Names of the operators of its chain. */
  readonly operators: readonly string[];
  /** State of each subtask as the job knows it. */
  readonly states: readonly ExecutionState[];
}

/** Progress of a vertex from that of its subtasks; those that have told nothing yet count as having done nothing. */
export function vertexProgress(vertex: ShownVertex, subtasks: readonly SubtaskProgress[]): VertexProgress {
  const states: Partial<Record<ExecutionState, number>> = {};
  for (const state of vertex.states) states[state] = (states[state] ?? 0) + 1;
  const watermark = subtasks.length < vertex.states.length
    ? MIN_WATERMARK
    : Math.min(...subtasks.map((subtask) => subtask.watermark));
  const operators = vertex.operators.map((name, i) => ({
    name,
    numRecordsIn: sum(subtasks.map((subtask) => subtask.operators[i].numRecordsIn)),
    numRecordsOut: sum(subtasks.map((subtask) => subtask.operators[i].numRecordsOut)),
  }));
  return {
    id: vertex.id,
    name: vertex.name,
    parallelism: vertex.states.length,
    numRecordsIn: operators[0].numRecordsIn,
    numRecordsOut: operators.at(-1)!.numRecordsOut,
    watermark: watermark === MIN_WATERMARK ? undefined : watermark,
    isBackPressured: subtasks.some((subtask) => subtask.isBackPressured),
    busyTimeMs: sum(subtasks.map((subtask) => subtask.busyTimeMs)),
    states,
    operators,
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}
