/**
 * The part of a job graph that is plain data: what a JobMaster needs to schedule, restart and show a job whose functions
 * it does not have. A {@link JobPlan} travels and is stored; a {@link JobTopology} is a plan with what is asked of it. The
 * JobGraph is both.
 *
 * @module
 */

import { BugError } from "../errors.ts";
import type { DistributionPattern, ResultPartitionType, SlotSharingGroup } from "./job_graph.ts";
import type { StreamNodeKind } from "./stream_graph.ts";
import type { ResolvedSettings } from "./stream_graph_settings.ts";
import type { ShipStrategy } from "./stream_partitioner.ts";

/** One operator of a task. */
export interface PlanOperator {
  /** Id of the StreamNode. */
  readonly nodeId: number;
  /** 32 hex digits. */
  readonly operatorId: string;
  /** The uid hash the user gave: where state of an earlier job is looked for first. */
  readonly userDefinedOperatorId: string | undefined;
  readonly name: string;
  readonly description: string;
  readonly kind: StreamNodeKind;
  readonly uid: string | undefined;
  readonly userLine: string | undefined;
}

/** A connection of two vertices. */
export interface PlanEdge {
  readonly sourceVertexId: string;
  readonly sourceNodeId: number;
  readonly targetVertexId: string;
  readonly targetNodeId: number;
  /** Index in the outputs of the source vertex. */
  readonly sourceOutputIndex: number;
  /** 0 or 1. */
  readonly targetInput: number;
  readonly sideOutputTag: string | undefined;
  readonly resultPartitionType: ResultPartitionType;
  readonly distributionPattern: DistributionPattern;
  readonly bufferTimeoutMs: number;
  readonly supportsUnaligned: boolean;
  readonly shipStrategyName: ShipStrategy;
}

/** What one operator of a vertex writes for one edge. */
export interface PlanOutput {
  readonly id: string;
  readonly consumer: PlanEdge;
}

/** A chain of operators that run in one task per subtask. */
export interface PlanVertex {
  /** Operator id of the head. */
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly parallelism: number;
  /** Number of key groups. */
  readonly maxParallelism: number;
  /** What was set; -1 when derived. */
  readonly configuredMaxParallelism: number;
  readonly slotSharingGroup: SlotSharingGroup;
  readonly coLocationGroup: string | undefined;
  /** Head first. */
  readonly chain: readonly PlanOperator[];
  readonly inputs: readonly PlanEdge[];
  readonly outputs: readonly PlanOutput[];
}

/** Plain data; every JobGraph is one. */
export interface JobPlan {
  readonly settings: ResolvedSettings;
  /** In Flink's order, consumers before producers. */
  readonly vertices: readonly PlanVertex[];
  readonly slotSharingGroups: readonly SlotSharingGroup[];
  /** Whether all its sources come to an end by themselves. */
  readonly isBounded: boolean;
}

/** A plan with what is asked of it. */
export class JobTopology<V extends PlanVertex = PlanVertex> implements JobPlan {
  readonly #byId: ReadonlyMap<string, V>;

  /** @param vertices In Flink's order, consumers before producers. */
  constructor(
    readonly settings: ResolvedSettings,
    readonly vertices: readonly V[],
    readonly slotSharingGroups: readonly SlotSharingGroup[],
    readonly isBounded: boolean,
  ) {
    this.#byId = new Map(vertices.map((vertex) => [vertex.id, vertex]));
  }
  get name(): string {
    return this.settings.jobName;
  }
  get type(): "STREAMING" | "BATCH" {
    return this.settings.runtimeMode;
  }
  vertex(id: string): V {
    const vertex = this.#byId.get(id);
    if (vertex === undefined) throw new BugError("TSF-0001", `JobGraph has no vertex ${id}`);
    return vertex;
  }
  /** Slots the job needs: in each sharing group as many as its widest vertex. */
  get requiredSlots(): number {
    return this.slotSharingGroups
      .map((group) => Math.max(...group.vertexIds.map((id) => this.vertex(id).parallelism)))
      .reduce((sum, slots) => sum + slots, 0);
  }
  /** Producers before consumers, in Flink's order. */
  get verticesTopologically(): readonly V[] {
    const sorted = this.vertices.filter((vertex) => vertex.inputs.length === 0);
    const done = new Set(sorted.map((vertex) => vertex.id));
    const follow = (vertex: V): void => {
      for (const { consumer } of vertex.outputs) {
        const target = this.vertex(consumer.targetVertexId);
        if (done.has(target.id) || target.inputs.some((input) => !done.has(input.sourceVertexId))) continue;
        done.add(target.id);
        sorted.push(target);
        follow(target);
      }
    };
    for (let next = 0; next < sorted.length; next++) follow(sorted[next]);
    return sorted;
  }
}

/** A copy that holds nothing but data: what the generic serializer and structured clone take. */
export function planOf({ settings, vertices, slotSharingGroups, isBounded }: JobPlan): JobPlan {
  const groups = slotSharingGroups.map(({ name, vertexIds }) => ({ name, vertexIds: [...vertexIds] }));
  return {
    settings: { ...settings },
    vertices: vertices.map((vertex) => vertexOf(vertex, groups)),
    slotSharingGroups: groups,
    isBounded,
  };
}

/** The topology of a plan that has travelled; groups are one object each again. */
export function topologyOf(plan: JobPlan): JobTopology {
  if (plan instanceof JobTopology) return plan;
  const { settings, vertices, slotSharingGroups, isBounded } = planOf(plan);
  return new JobTopology(settings, vertices, slotSharingGroups, isBounded);
}

function vertexOf(vertex: PlanVertex, groups: readonly SlotSharingGroup[]): PlanVertex {
  const { id, name, description, parallelism, maxParallelism, configuredMaxParallelism, coLocationGroup } = vertex;
  return {
    id,
    name,
    description,
    parallelism,
    maxParallelism,
    configuredMaxParallelism,
    slotSharingGroup: groups.find(({ vertexIds }) => vertexIds.includes(id)) ?? vertex.slotSharingGroup,
    coLocationGroup,
    chain: vertex.chain.map(operatorOf),
    inputs: vertex.inputs.map(edgeOf),
    outputs: vertex.outputs.map((output) => ({ id: output.id, consumer: edgeOf(output.consumer) })),
  };
}

function operatorOf(operator: PlanOperator): PlanOperator {
  const { nodeId, operatorId, userDefinedOperatorId, name, description, kind, uid, userLine } = operator;
  return { nodeId, operatorId, userDefinedOperatorId, name, description, kind, uid, userLine };
}

function edgeOf(edge: PlanEdge): PlanEdge {
  const { sourceVertexId, sourceNodeId, targetVertexId, targetNodeId, sourceOutputIndex, targetInput } = edge;
  const { sideOutputTag, resultPartitionType, distributionPattern, bufferTimeoutMs } = edge;
  return {
    sourceVertexId,
    sourceNodeId,
    targetVertexId,
    targetNodeId,
    sourceOutputIndex,
    targetInput,
    sideOutputTag,
    resultPartitionType,
    distributionPattern,
    bufferTimeoutMs,
    supportsUnaligned: edge.supportsUnaligned,
    shipStrategyName: edge.shipStrategyName,
  };
}
