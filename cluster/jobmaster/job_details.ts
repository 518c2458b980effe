/**
 * What REST shows of a job: everything that its JobMaster knows, as plain data.
 *
 * @module
 */

import { PipelineOptions } from "../../runtime/api/config_options.ts";
import type { Configuration } from "../../runtime/api/configuration.ts";
import { jobPlan } from "../../runtime/graph/plan_json.ts";
import type { SubtaskProgress } from "../../runtime/tasks/slot/slot_protocol.ts";
import type { ExecutionState } from "../../runtime/tasks/task_states.ts";
import type { ExceptionInfo, JobDetails, SubtaskInfo, VertexInfo } from "../rpc/cluster_info.ts";
import type { Execution, ExecutionGraph, ExecutionJobVertex } from "./execution_graph.ts";
import type { SlotLocation } from "./slots.ts";

/** Where the details come from. */
export interface DetailsOf {
  readonly graph: ExecutionGraph;
  readonly startTime: number;
  readonly configuration: Configuration;
  readonly exceptions: readonly ExceptionInfo[];
  readonly exceptionsTruncated: boolean;
  /** For people. */
  readonly restartStrategy: string;
  readonly numRestarts: number;
  /** What slots have told last, by execution. */
  readonly progress: ReadonlyMap<string, SubtaskProgress>;
  readonly locationOf: (executionId: string) => SlotLocation | undefined;
  readonly now: number;
}

/** The details of a job now. */
export function jobDetails(of: DetailsOf): JobDetails {
  const { graph, startTime, configuration, now } = of;
  const { jobGraph } = graph;
  const tasks: Partial<Record<ExecutionState, number>> = {};
  for (const { state } of graph.executions) tasks[state] = (tasks[state] ?? 0) + 1;
  const lastModified = Math.max(startTime, ...Object.values(graph.timestamps));
  return {
    jobId: graph.jobId,
    jobName: jobGraph.name,
    type: jobGraph.type,
    state: graph.state,
    startTime,
    endTime: graph.isTerminal ? graph.timestamps[graph.state] ?? now : -1,
    lastModified,
    tasks,
    maxParallelism: jobGraph.settings.maxParallelism,
    timestamps: { ...graph.timestamps },
    vertices: jobGraph.verticesTopologically.map(({ id }) => vertexInfo(graph.jobVertex(id), of)),
    plan: jobPlan(jobGraph, graph.jobId),
    exceptions: of.exceptions,
    exceptionsTruncated: of.exceptionsTruncated,
    configuration: textsOf(configuration),
    parallelism: jobGraph.settings.parallelism,
    objectReuse: configuration.get(PipelineOptions.OBJECT_REUSE),
    restartStrategy: of.restartStrategy,
    numRestarts: of.numRestarts,
  };
}

function vertexInfo({ vertex, subtasks }: ExecutionJobVertex, of: DetailsOf): VertexInfo {
  return {
    id: vertex.id,
    name: vertex.name,
    parallelism: vertex.parallelism,
    maxParallelism: vertex.maxParallelism,
    slotSharingGroup: vertex.slotSharingGroup.name,
    operators: vertex.chain.map(({ name }) => name),
    subtasks: subtasks.map(({ currentExecution }) => subtaskInfo(currentExecution, of)),
  };
}

function subtaskInfo(execution: Execution, { progress, locationOf }: DetailsOf): SubtaskInfo {
  const { id, attemptNumber, state, timestamps, vertex: { subtaskIndex } } = execution;
  return {
    subtaskIndex,
    attemptNumber,
    state,
    timestamps: { ...timestamps },
    location: locationOf(id),
    progress: progress.get(id),
  };
}

/** As texts, as they would stand in config.yaml. */
export function textsOf(configuration: Configuration): Record<string, string> {
  return Object.fromEntries(
    Object.entries(configuration.toObject()).map(([key, value]) => [
      key,
      typeof value === "object" ? JSON.stringify(value) : String(value),
    ]),
  );
}
