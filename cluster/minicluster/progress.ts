/**
 * Numbers of a running job for people: per vertex records in and out, watermark, back pressure. Read on demand from plain
 * fields of the tasks; nothing is counted for it on the path of a record.
 *
 * @module
 */

import type { StreamTask } from "../../runtime/tasks/stream_task.ts";
import { MIN_WATERMARK } from "../../runtime/types/stream_element.ts";
import type { ExecutionState } from "../../runtime/tasks/task_states.ts";

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

/** Progress of a vertex from its tasks. */
export function vertexProgress(id: string, name: string, tasks: readonly StreamTask[]): VertexProgress {
  const chains = tasks.map((task) => task.parts.chain.nodes);
  const states: Partial<Record<ExecutionState, number>> = {};
  for (const task of tasks) states[task.state] = (states[task.state] ?? 0) + 1;
  const watermark = Math.min(...tasks.map((task) => task.parts.chain.nodes.at(-1)!.output.currentWatermark));
  return {
    id,
    name,
    parallelism: tasks.length,
    numRecordsIn: sum(chains.map((nodes) => nodes[0].numRecordsIn)),
    numRecordsOut: sum(chains.map((nodes) => nodes.at(-1)!.output.numRecordsOut)),
    watermark: watermark === MIN_WATERMARK ? undefined : watermark,
    isBackPressured: tasks.some((task) => task.isBackPressured),
    busyTimeMs: sum(tasks.map((task) => task.busyTimeMs)),
    states,
    operators: chains[0].map((node, i) => ({
      name: node.reference.name,
      numRecordsIn: sum(chains.map((nodes) => nodes[i].numRecordsIn)),
      numRecordsOut: sum(chains.map((nodes) => nodes[i].output.numRecordsOut)),
    })),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}
