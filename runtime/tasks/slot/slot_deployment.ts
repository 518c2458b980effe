/**
 * Builds the subtasks of one slot and connects their channels: among each other directly, with those of other slots
 * through the exchange.
 *
 * Invariant: every slot of a job numbers all channels of the job alike, from the plan alone, so that both ends of a
 * channel know it by the same id.
 *
 * @module
 */

import { invariant } from "../../errors.ts";
import { type Connection, connections, numSubpartitions } from "../../graph/edge_connection.ts";
import type { ChainedOperator, JobEdge, JobGraph, JobVertex } from "../../graph/job_graph.ts";
import { TaskMetricGroup } from "../../metrics/task_metrics.ts";
import type { CreditReceiver, SubpartitionReceiver } from "../../network/buffer.ts";
import type { TaskAccumulators } from "../../operators/runtime_context.ts";
import type { Seams } from "../../seams/seams.ts";
import type { TaskListener } from "../stream_task.ts";
import { buildTask, type BuiltTask } from "../task_builder.ts";
import { BlockingChannels, subtaskName } from "./blocking_results.ts";
import type { SlotDeployment, SubtaskPlacement } from "./slot_protocol.ts";

/** The ends of channels that lead to other slots. */
export interface RemoteChannels {
  /** Where the items of a subpartition go whose consumer runs in slot `peer`. */
  outgoing(peer: number, channel: number, sender: CreditReceiver): SubpartitionReceiver;
  /** Where the credit of an input channel goes whose producer runs in slot `peer`; its items come to `receiver`. */
  incoming(peer: number, channel: number, receiver: SubpartitionReceiver): CreditReceiver;
}

/** A subtask that is deployed. */
export interface DeployedTask extends BuiltTask {
  readonly placement: SubtaskPlacement;
  readonly accumulators: TaskAccumulators;
  readonly metrics: ReadonlyMap<string, TaskMetricGroup>;
}

/** What a deployment needs. */
export interface DeploymentOptions {
  readonly jobGraph: JobGraph;
  readonly deployment: SlotDeployment;
  readonly seams: Seams;
  /** Needed when some subtask runs in another slot. */
  readonly remote?: RemoteChannels;
  readonly collect: (uid: string) => ((batch: unknown[]) => Promise<void> | void) | undefined;
  readonly listener: (placement: SubtaskPlacement) => TaskListener;
  readonly sendToCoordinator: (placement: SubtaskPlacement, operatorId: string, event: unknown) => void;
  readonly wake: (task: DeployedTask) => void;
}

/** All connections of an edge, and the channel id of the first; the others follow it. */
interface Wiring {
  readonly connections: readonly Connection[];
  readonly firstChannel: number;
}

/** What of a job runs in a slot. */
export interface Deployed {
  /** Connected, not started. */
  readonly tasks: DeployedTask[];
  /** Files of other stages; to be closed with the slot. */
  readonly blocking: BlockingChannels | undefined;
}

/** All tasks of the slot. */
export function deploy(options: DeploymentOptions): Deployed {
  return new Deployment(options).build();
}

class Deployment {
  readonly #options: DeploymentOptions;
  readonly #edges = new Map<JobEdge, Wiring>();
  readonly #placements = new Map<string, SubtaskPlacement>();
  readonly #tasks = new Map<SubtaskPlacement, DeployedTask>();
  readonly #blocking: BlockingChannels | undefined;

  constructor(options: DeploymentOptions) {
    this.#options = options;
    const { jobGraph, deployment, seams } = options;
    if (deployment.blocking !== undefined) this.#blocking = new BlockingChannels(seams.files, deployment.blocking);
    let channels = 0;
    for (const vertex of jobGraph.vertices) {
      for (const edge of vertex.inputs) {
        const producers = jobGraph.vertex(edge.sourceVertexId).parallelism;
        const all = connections(edge.distributionPattern, producers, vertex.parallelism);
        this.#edges.set(edge, { connections: all, firstChannel: channels });
        channels += all.length;
      }
    }
    const placed = new Set(deployment.placements.map(({ vertexId }) => vertexId));
    const subtasks = jobGraph.vertices.reduce((sum, { id, parallelism }) => {
      return sum + (placed.has(id) ? parallelism : 0);
    }, 0);
    const isComplete = subtasks > 0 && subtasks === deployment.placements.length;
    invariant(isComplete, "the plan of the slot has the subtasks that are deployed");
    for (const placement of deployment.placements) {
      this.#placements.set(subtaskName(placement.vertexId, placement.subtaskIndex), placement);
    }
  }

  build(): Deployed {
    const { jobGraph, deployment } = this.#options;
    try {
      for (const placement of deployment.placements) {
        if (placement.slot === deployment.slot) this.#tasks.set(placement, this.#deployTask(placement));
      }
      for (const vertex of jobGraph.vertices) {
        // Another region of a streaming job has nothing to do with this one.
        if (this.#blocking === undefined && !this.#isPlaced(vertex)) continue;
        for (let subtask = 0; subtask < vertex.parallelism; subtask++) this.#connectInputs(vertex, subtask);
      }
      for (const [placement, deployed] of this.#tasks) this.#connectBlocking(placement, deployed);
    } catch (error) {
      this.#blocking?.close();
      throw error;
    }
    return { tasks: [...this.#tasks.values()], blocking: this.#blocking };
  }

  #isPlaced({ id }: JobVertex): boolean {
    return this.#placements.has(subtaskName(id, 0));
  }

  /** Undefined for a subtask of another stage. */
  #placement(vertexId: string, subtaskIndex: number): SubtaskPlacement | undefined {
    const placement = this.#placements.get(subtaskName(vertexId, subtaskIndex));
    invariant(
      placement !== undefined || this.#blocking !== undefined,
      `Subtask ${subtaskIndex} of vertex ${vertexId} is placed in some slot`,
    );
    return placement;
  }

  #isRemote(vertexId: string, subtaskIndex: number): boolean {
    return this.#placement(vertexId, subtaskIndex)?.slot !== this.#options.deployment.slot;
  }

  #deployTask(placement: SubtaskPlacement): DeployedTask {
    const { jobGraph, deployment, seams, collect } = this.#options;
    const { settings, restored } = deployment;
    const { subtaskIndex } = placement;
    const vertex = jobGraph.vertex(placement.vertexId);
    const accumulators: TaskAccumulators = new Map();
    const metrics = new Map<string, TaskMetricGroup>();
    let deployed: DeployedTask | undefined = undefined;
    const built = buildTask({
      vertex,
      subtaskIndex,
      attemptNumber: placement.attemptNumber,
      jobInfo: { jobId: deployment.jobId, jobName: jobGraph.name },
      channelsByInput: this.#channelsByInput(vertex, subtaskIndex),
      blockingInputs: this.#blockingInputs(vertex),
      outgoing: vertex.outputs.map(({ consumer }) => this.#outgoing(consumer, subtaskIndex)),
      settings,
      seams,
      cachedFiles: deployment.cachedFiles,
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
      sendToCoordinator: (operatorId, event) => this.#options.sendToCoordinator(placement, operatorId, event),
      collect: (operator: ChainedOperator) => operator.uid === undefined ? undefined : collect(operator.uid),
      listener: this.#options.listener(placement),
      wake: () => {
        if (deployed !== undefined) this.#options.wake(deployed);
      },
    });
    deployed = { ...built, placement, accumulators, metrics };
    return deployed;
  }

  #outgoing(edge: JobEdge, subtask: number) {
    const all = this.#edges.get(edge)!.connections;
    const own = all.filter((connection) => connection.producer === subtask);
    const isRemote: boolean[] = [];
    for (const { subpartition, consumer } of own) {
      isRemote[subpartition] = this.#isRemote(edge.targetVertexId, consumer);
    }
    return {
      edge,
      numSubpartitions: numSubpartitions(all, subtask),
      targetMaxParallelism: this.#options.jobGraph.vertex(edge.targetVertexId).maxParallelism,
      isRemote,
    };
  }

  /** Number of channels of each logical input of a subtask: those of all its edges together. */
  #channelsByInput(vertex: JobVertex, subtask: number): number[] {
    const numInputs = Math.max(0, ...vertex.inputs.map((edge) => edge.targetInput + 1));
    const count = (edge: JobEdge) =>
      this.#edges.get(edge)!.connections.reduce((n, { consumer }) => n + (consumer === subtask ? 1 : 0), 0);
    return Array.from({ length: numInputs }, (_, input) => {
      const own = vertex.inputs.filter((edge) => edge.targetInput === input);
      return own.reduce((n, edge) => n + count(edge), 0);
    });
  }

  /** Whether all channels of a logical input are files. */
  #blockingInputs(vertex: JobVertex): boolean[] {
    const numInputs = Math.max(0, ...vertex.inputs.map((edge) => edge.targetInput + 1));
    return Array.from(
      { length: numInputs },
      (_, input) =>
        vertex.inputs.every((edge) =>
          edge.targetInput !== input || this.#placement(edge.sourceVertexId, 0) === undefined
        ),
    );
  }

  /** What a subtask writes for other stages goes to files. */
  #connectBlocking({ attemptNumber, subtaskIndex, vertexId }: SubtaskPlacement, { partitions }: DeployedTask): void {
    for (const { consumer } of this.#options.jobGraph.vertex(vertexId).outputs) {
      if (this.#placement(consumer.targetVertexId, 0) !== undefined) continue;
      this.#blocking!.write(partitions[consumer.sourceOutputIndex], consumer, subtaskIndex, attemptNumber);
    }
  }

  #connectInputs(vertex: JobVertex, subtask: number): void {
    const nextChannel: number[] = [];
    for (const edge of vertex.inputs) {
      const { connections: all, firstChannel } = this.#edges.get(edge)!;
      all.forEach((connection, index) => {
        if (connection.consumer !== subtask) return;
        const channel = nextChannel[edge.targetInput] ?? 0;
        nextChannel[edge.targetInput] = channel + 1;
        this.#connect(edge, connection, { input: channel, id: firstChannel + index });
      });
    }
  }

  /** Connects what of a channel lies in this slot: both ends, one, or none. */
  #connect(edge: JobEdge, connection: Connection, channel: { readonly input: number; readonly id: number }): void {
    const { remote } = this.#options;
    const from = this.#placement(edge.sourceVertexId, connection.producer);
    const to = this.#placement(edge.targetVertexId, connection.consumer);
    const producer = from && this.#tasks.get(from);
    const consumer = to && this.#tasks.get(to);
    const subpartition = producer?.partitions[edge.sourceOutputIndex].subpartitions[connection.subpartition];
    const input = consumer?.gates[edge.targetInput].channels[channel.input];
    if (input !== undefined && from === undefined) {
      const start = this.#blocking!.read(input, edge, connection.producer, connection.subpartition);
      consumer!.task.parts.mailbox.post(start);
    } else if (input !== undefined) {
      input.connect(subpartition ?? remote!.incoming(from!.slot, channel.id, input));
    }
    if (subpartition !== undefined && to !== undefined) {
      subpartition.connect(input ?? remote!.outgoing(to.slot, channel.id, subpartition));
    }
  }
}
