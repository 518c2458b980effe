/**
 * The logical graph: one node per operator, edges with partitioner and side output. Virtual nodes (partitioning and
 * side outputs) are folded into the edges when an edge is added. Built by StreamGraphGenerator, read by everything
 * behind it; not changed after that.
 *
 * @module
 */

import { InvalidProgramError, invariant } from "../errors.ts";
import type { KeySelector } from "../functions/functions.ts";
import type { ChainingStrategy, StreamOperatorFactory } from "../operators/operator.ts";
import type { Key, KeyHashRule } from "../types/key.ts";
import { referenceOf } from "./limits.ts";
import { type StreamPartitioner, supportsUnalignedCheckpoints } from "./stream_partitioner.ts";
import type { ResolvedSettings } from "./stream_graph_settings.ts";
import type { StreamExchangeMode } from "./virtual_transformation.ts";

/** What a node is; "legacySource" is a source of Flink's old kind, "sink" one that plans show as "Data Sink". */
export type StreamNodeKind = "source" | "legacySource" | "sink" | "operator";

/** One operator of the program. */
export interface StreamNode {
  /** Id of the transformation it was made from. */
  readonly id: number;
  /** What plans and chaining take it for. */
  readonly kind: StreamNodeKind;
  /** Shown in plans and metrics. */
  readonly name: string;
  /** Longer than the name; shown in plans. */
  readonly description: string;
  /** Makes the operator's instances. */
  readonly factory: StreamOperatorFactory<unknown>;
  /** With which neighbours it may share a task. */
  readonly chainingStrategy: ChainingStrategy;
  /** Number of subtasks. */
  readonly parallelism: number;
  /** False while the parallelism is only the environment's. */
  readonly parallelismConfigured: boolean;
  /** -1 = derived from the parallelism. */
  readonly maxParallelism: number;
  /** Only nodes of one group share slots. */
  readonly slotSharingGroup: string;
  /** Nodes of one group run subtask by subtask in the same slot. */
  readonly coLocationGroup: string | undefined;
  /** Set by the program; fixes the operator id. */
  readonly uid: string | undefined;
  /** Lower case. */
  readonly uidHash: string | undefined;
  /** Line of the program that made it, as `file:line:column`. */
  readonly userLine: string | undefined;
  /** After how many ms a buffer is sent though it is not full; 0 = after each record, -1 = full buffers only. */
  readonly bufferTimeoutMs: number;
  /** One per input; undefined where the input is not keyed. */
  readonly keySelectors: readonly (KeySelector<unknown, Key> | undefined)[];
  /** How keys are hashed, when their type is declared. */
  readonly keyHashRule: KeyHashRule | undefined;
  /** In the order of the inputs. */
  readonly inEdges: StreamEdge[];
  /** In the order they were connected. */
  readonly outEdges: StreamEdge[];
}

/** A connection of two nodes. */
export interface StreamEdge {
  /** Where records come from. */
  readonly source: StreamNode;
  /** Where records go. */
  readonly target: StreamNode;
  /** 0 for the only input, 1 and 2 for the inputs of an operator with two. */
  readonly typeNumber: number;
  /** Which subtask of the target gets a record. */
  readonly partitioner: StreamPartitioner;
  /** Id of the side output it carries; undefined for the main output. */
  readonly sideOutputTag: string | undefined;
  /** Whether the target waits until the source has ended. */
  readonly exchangeMode: StreamExchangeMode;
  /** As that of the source node, in ms. */
  readonly bufferTimeoutMs: number;
  /** Whether barriers may overtake records here. */
  supportsUnaligned: boolean;
}

/** What a virtual partition node holds. */
export interface VirtualPartition {
  readonly partitioner: StreamPartitioner;
  readonly exchangeMode: StreamExchangeMode;
  readonly unalignedDisabled: boolean;
}

interface EdgeRequest {
  readonly target: StreamNode;
  readonly typeNumber: number;
  partition?: VirtualPartition;
  exchangeMode?: StreamExchangeMode;
  sideOutputTag?: string;
}

/** The logical graph of a job. */
export class StreamGraph {
  readonly #nodes = new Map<number, StreamNode>();
  readonly #virtualPartitions = new Map<number, VirtualPartition & { readonly input: number }>();
  readonly #virtualSideOutputs = new Map<number, { readonly input: number; readonly tagId: string }>();
  /** For {@link headOfChain} in chaining.ts. */
  readonly chainHeads: Map<number, StreamNode> = new Map();

  /** An empty graph. */
  constructor(readonly settings: ResolvedSettings) {}

  /** Name of the job. */
  get jobName(): string {
    return this.settings.jobName;
  }
  /** In the order they were translated. */
  get nodes(): readonly StreamNode[] {
    return [...this.#nodes.values()];
  }
  /** In the order they were translated. */
  get sources(): readonly StreamNode[] {
    return this.nodes.filter((node) => node.kind === "source" || node.kind === "legacySource");
  }
  /** A node by its id. @throws BugError when there is none. */
  node(id: number): StreamNode {
    const node = this.#nodes.get(id);
    invariant(node !== undefined, `StreamGraph has no node ${id}`);
    return node;
  }
  /** Adds a node without edges. @throws BugError when the id is taken. */
  addNode(node: Omit<StreamNode, "inEdges" | "outEdges">): StreamNode {
    invariant(!this.#nodes.has(node.id), `StreamGraph has node ${node.id} twice`);
    const added: StreamNode = { ...node, inEdges: [], outEdges: [] };
    this.#nodes.set(node.id, added);
    return added;
  }
  /** Adds a node that only says how records go on from `input`. */
  addVirtualPartition(id: number, input: number, partition: VirtualPartition): void {
    this.#virtualPartitions.set(id, { ...partition, input });
  }
  /** Adds a node that stands for a side output of `input`. */
  addVirtualSideOutput(id: number, input: number, tagId: string): void {
    this.#virtualSideOutputs.set(id, { input, tagId });
  }

  /** The slot sharing group of a node, also through virtual nodes. */
  slotSharingGroupOf(id: number): string {
    const virtual = this.#virtualPartitions.get(id) ?? this.#virtualSideOutputs.get(id);
    return virtual === undefined ? this.node(id).slotSharingGroup : this.slotSharingGroupOf(virtual.input);
  }

  /** Connects a node, or what a virtual node stands for, to an input. */
  addEdge(sourceId: number, targetId: number, typeNumber: number): void {
    const request: EdgeRequest = { target: this.node(targetId), typeNumber };
    let id = sourceId;
    for (;;) {
      const sideOutput = this.#virtualSideOutputs.get(id);
      const partition = this.#virtualPartitions.get(id);
      if (sideOutput !== undefined) {
        request.sideOutputTag ??= sideOutput.tagId;
        id = sideOutput.input;
      } else if (partition !== undefined) {
        // The partitioner nearest to the consumer wins, the exchange mode nearest to the producer.
        request.partition ??= partition;
        request.exchangeMode = partition.exchangeMode;
        id = partition.input;
      } else {
        break;
      }
    }
    this.#connect(this.node(id), request);
  }

  #connect(source: StreamNode, request: EdgeRequest): void {
    const { target } = request;
    const equal = source.parallelism === target.parallelism;
    const partitioner = request.partition?.partitioner ?? { strategy: equal ? "FORWARD" : "REBALANCE" };
    if (partitioner.strategy === "FORWARD" && !equal) throw unequalForwardError(source, target);
    const edge: StreamEdge = {
      source,
      target,
      typeNumber: request.typeNumber,
      partitioner,
      sideOutputTag: request.sideOutputTag,
      exchangeMode: request.exchangeMode ?? "UNDEFINED",
      bufferTimeoutMs: source.bufferTimeoutMs,
      supportsUnaligned: supportsUnalignedCheckpoints(partitioner) && request.partition?.unalignedDisabled !== true,
    };
    source.outEdges.push(edge);
    target.inEdges.push(edge);
  }
}

function unequalForwardError(source: StreamNode, target: StreamNode): InvalidProgramError {
  return new InvalidProgramError("TSF-1103", "forward() connects operators of different parallelism", {
    expected: `parallelism ${source.parallelism}, as "${source.name}" has`,
    found: `parallelism ${target.parallelism}`,
    operator: referenceOf(target),
    userLine: target.userLine,
    hint: "Set both to the same parallelism, or use rebalance(), rescale(), shuffle(), broadcast() or global().",
  });
}
