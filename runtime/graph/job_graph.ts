/**
 * The graph that is deployed: one vertex per chain of operators, edges with the result partition they read. Built by
 * JobGraphGenerator; read by plans, the scheduler and the tasks. Not changed once built.
 *
 * @module
 */

import type { KeySelector } from "../functions/functions.ts";
import type { StreamOperatorFactory } from "../operators/operator.ts";
import type { Key, KeyHashRule } from "../types/key.ts";
import { JobTopology } from "./job_plan.ts";
import type { StreamNodeKind } from "./stream_graph.ts";
import type { ResolvedSettings } from "./stream_graph_settings.ts";
import type { ShipStrategy, StreamPartitioner } from "./stream_partitioner.ts";

/** Whether each sender is connected to some receivers or to all. */
export type DistributionPattern = "POINTWISE" | "ALL_TO_ALL";
/** Whether a result is read while it is written, or once it is complete. */
export type ResultPartitionType = "PIPELINED_BOUNDED" | "BLOCKING";

/** Vertices whose subtasks may share slots. */
export interface SlotSharingGroup {
  readonly name: string;
  readonly vertexIds: readonly string[];
}

/** An edge to an operator of the same task. */
export interface ChainedEdge {
  /** Index in the vertex's chain. */
  readonly target: number;
  /** 0 or 1. */
  readonly targetInput: number;
  readonly sideOutputTag?: string;
}

/** One operator of a task. */
export interface ChainedOperator {
  /** Id of the StreamNode. */
  readonly nodeId: number;
  /** 32 hex digits, equal to Flink's. */
  readonly operatorId: string;
  /** The uid hash the user gave: where state of an earlier job is looked for first. */
  readonly userDefinedOperatorId: string | undefined;
  readonly name: string;
  readonly description: string;
  readonly kind: StreamNodeKind;
  readonly uid: string | undefined;
  readonly userLine: string | undefined;
  readonly factory: StreamOperatorFactory<unknown>;
  /** One per input; undefined where the input is not keyed. */
  readonly keySelectors: readonly (KeySelector<unknown, Key> | undefined)[];
  readonly keyed: boolean;
  readonly keyHashRule: KeyHashRule | undefined;
  /** In the order in which records are handed on. */
  readonly chainedEdges: readonly ChainedEdge[];
  /** Indexes in the vertex's outputs of the results this operator writes. */
  readonly outputIndexes: readonly number[];
}

/** A connection of two vertices. */
export interface JobEdge {
  readonly sourceVertexId: string;
  /** The operator that writes, and the one that reads. */
  readonly sourceNodeId: number;
  readonly targetVertexId: string;
  readonly targetNodeId: number;
  /** Index in the outputs of the source vertex. */
  readonly sourceOutputIndex: number;
  /** 0 or 1. */
  readonly targetInput: number;
  readonly partitioner: StreamPartitioner;
  readonly sideOutputTag: string | undefined;
  readonly resultPartitionType: ResultPartitionType;
  readonly distributionPattern: DistributionPattern;
  readonly bufferTimeoutMs: number;
  readonly supportsUnaligned: boolean;
  readonly shipStrategyName: ShipStrategy;
}

/** What one operator of a vertex writes for one edge. */
export interface IntermediateDataSet {
  /** Unique in the job. */
  readonly id: string;
  readonly producerVertexId: string;
  readonly sourceNodeId: number;
  readonly sideOutputTag: string | undefined;
  readonly resultPartitionType: ResultPartitionType;
  readonly consumer: JobEdge;
}

/** A chain of operators that run in one task per subtask. */
export interface JobVertex {
  /** Operator id of the head. */
  readonly id: string;
  /** As Flink joins names: "Source: a -> (Map, Filter -> Sink: Writer)". */
  readonly name: string;
  /** The operators with their descriptions, as a tree. */
  readonly description: string;
  readonly parallelism: number;
  /** Number of key groups: what was set, else derived from the parallelism. */
  readonly maxParallelism: number;
  /** What was set; -1 when derived. */
  readonly configuredMaxParallelism: number;
  readonly slotSharingGroup: SlotSharingGroup;
  readonly coLocationGroup: string | undefined;
  /** Head first, each operator before those it feeds; chained sources of the head at the end. */
  readonly chain: readonly ChainedOperator[];
  readonly inputs: readonly JobEdge[];
  readonly outputs: readonly IntermediateDataSet[];
}

/** The graph of a job. */
export class JobGraph extends JobTopology<JobVertex> {
  /** @param vertices In Flink's order, consumers before producers. */
  constructor(
    settings: ResolvedSettings,
    vertices: readonly JobVertex[],
    slotSharingGroups: readonly SlotSharingGroup[],
  ) {
    super(settings, vertices, slotSharingGroups, vertices.every(({ chain }) => chain.every(isBounded)));
  }
}

function isBounded({ kind, factory }: ChainedOperator): boolean {
  return kind !== "source" || factory.source?.getBoundedness() !== "continuous-unbounded";
}
