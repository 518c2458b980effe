/**
 * Builds the tasks of a job in this isolate and connects their channels.
 *
 * @module
 */

import { TaskMetricGroup } from "../../runtime/metrics/task_metrics.ts";
import type { CollectReceiver } from "../../runtime/api/executor.ts";
import type { JobEdge, JobVertex } from "../../runtime/graph/job_graph.ts";
import type { TaskAccumulators } from "../../runtime/operators/runtime_context.ts";
import type { Seams } from "../../runtime/seams/seams.ts";
import type { OperatorSubtaskState } from "../../runtime/state/rescale.ts";
import type { TaskListener } from "../../runtime/tasks/stream_task.ts";
import { buildTask, type BuiltTask, type TaskSettings } from "../../runtime/tasks/task_builder.ts";
import type { Execution, ExecutionGraph } from "../jobmaster/execution_graph.ts";
import { type Connection, connections, numSubpartitions } from "../jobmaster/edge_connection.ts";

/** A subtask that is deployed. */
export interface DeployedTask extends BuiltTask {
  readonly execution: Execution;
  readonly accumulators: TaskAccumulators;
  readonly metrics: ReadonlyMap<string, TaskMetricGroup>;
}

/** State to start from: per operator id one state per subtask. */
export interface RestoredJob {
  readonly checkpointId: number;
  readonly states: ReadonlyMap<string, readonly OperatorSubtaskState[]>;
}

/** What a deployment needs. */
export interface DeploymentOptions {
  readonly graph: ExecutionGraph;
  readonly settings: TaskSettings;
  readonly seams: Seams;
  readonly cachedFiles: ReadonlyMap<string, string>;
  readonly collect: ReadonlyMap<string, CollectReceiver>;
  readonly restored?: RestoredJob;
  readonly listener: (execution: Execution) => TaskListener;
  readonly sendToCoordinator: (execution: Execution, operatorId: string, event: unknown) => void;
  readonly wake: (task: DeployedTask) => void;
}

/** All tasks of the job, connected, not started. */
export function deploy(options: DeploymentOptions): DeployedTask[] {
  const { graph } = options;
  const edges = new Map<JobEdge, Connection[]>();
  for (const { vertex } of graph.vertices) {
    for (const edge of vertex.inputs) {
      const producers = graph.jobGraph.vertex(edge.sourceVertexId).parallelism;
      edges.set(edge, connections(edge.distributionPattern, producers, vertex.parallelism));
    }
  }
  const byExecution = new Map<Execution, DeployedTask>();
  for (const execution of graph.executions) byExecution.set(execution, deployTask(options, execution, edges));
  for (const { vertex } of graph.vertices) connectInputs(graph, vertex, edges, byExecution);
  return [...byExecution.values()];
}

function deployTask(
  options: DeploymentOptions,
  execution: Execution,
  edges: ReadonlyMap<JobEdge, readonly Connection[]>,
): DeployedTask {
  const { graph, settings, seams, restored, collect } = options;
  const { vertex } = execution.vertex.jobVertex;
  const { subtaskIndex } = execution.vertex;
  const accumulators: TaskAccumulators = new Map();
  const metrics = new Map<string, TaskMetricGroup>();
  let deployed: DeployedTask | undefined = undefined;
  const built = buildTask({
    vertex,
    subtaskIndex,
    attemptNumber: execution.attemptNumber,
    jobInfo: { jobId: graph.jobId, jobName: graph.jobGraph.name },
    channelsByInput: channelsByInput(vertex, subtaskIndex, edges),
    outgoing: vertex.outputs.map(({ consumer }) => ({
      edge: consumer,
      numSubpartitions: numSubpartitions(edges.get(consumer)!, subtaskIndex),
      targetMaxParallelism: graph.jobGraph.vertex(consumer.targetVertexId).maxParallelism,
    })),
    settings,
    seams,
    cachedFiles: options.cachedFiles,
    accumulators,
    restored: restored === undefined ? undefined : {
      checkpointId: restored.checkpointId,
      states: new Map(
        [...restored.states].flatMap(([id, subtasks]) => {
          const state = subtasks[subtaskIndex];
          return state === undefined ? [] : [[id, state] as const];
        }),
      ),
    },
    metrics: (operatorId) => {
      const group = new TaskMetricGroup();
      metrics.set(operatorId, group);
      return group;
    },
    sendToCoordinator: (operatorId, event) => options.sendToCoordinator(execution, operatorId, event),
    collect: (operator) => operator.uid === undefined ? undefined : collect.get(operator.uid),
    listener: options.listener(execution),
    wake: () => {
      if (deployed !== undefined) options.wake(deployed);
    },
  });
  deployed = { ...built, execution, accumulators, metrics };
  return deployed;
}

/** Number of channels of each logical input of a subtask: those of all its edges together. */
function channelsByInput(
  vertex: JobVertex,
  subtask: number,
  edges: ReadonlyMap<JobEdge, readonly Connection[]>,
): number[] {
  const numInputs = Math.max(0, ...vertex.inputs.map((edge) => edge.targetInput + 1));
  return Array.from({ length: numInputs }, (_, input) => {
    const own = vertex.inputs.filter((edge) => edge.targetInput === input);
    return own.reduce((n, edge) => n + edges.get(edge)!.filter((c) => c.consumer === subtask).length, 0);
  });
}

function connectInputs(
  graph: ExecutionGraph,
  vertex: JobVertex,
  edges: ReadonlyMap<JobEdge, readonly Connection[]>,
  tasks: ReadonlyMap<Execution, DeployedTask>,
): void {
  const taskOf = (vertexId: string, subtask: number) =>
    tasks.get(graph.jobVertex(vertexId).subtasks[subtask].currentExecution)!;
  for (let subtask = 0; subtask < vertex.parallelism; subtask++) {
    const nextChannel: number[] = [];
    for (const edge of vertex.inputs) {
      const gate = taskOf(vertex.id, subtask).gates[edge.targetInput];
      for (const connection of edges.get(edge)!) {
        if (connection.consumer !== subtask) continue;
        const channel = nextChannel[edge.targetInput] ?? 0;
        nextChannel[edge.targetInput] = channel + 1;
        const producer = taskOf(edge.sourceVertexId, connection.producer);
        const subpartition = producer.partitions[edge.sourceOutputIndex].subpartitions[connection.subpartition];
        gate.channels[channel].connect(subpartition);
        subpartition.connect(gate.channels[channel]);
      }
    }
  }
}
