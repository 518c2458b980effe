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
  readonly id: number;
  readonly kind: StreamNodeKind;
  readonly name: string;
  readonly description: string;
  readonly factory: StreamOperatorFactory<unknown>;
  readonly chainingStrategy: ChainingStrategy;
  readonly parallelism: number;
  readonly parallelismConfigured: boolean;
  /** -1 = derived from the parallelism. */
  readonly maxParallelism: number;
  readonly slotSharingGroup: string;
  readonly coLocationGroup: string | undefined;
  readonly uid: string | undefined;
  /** Lower case. */
  readonly uidHash: string | undefined;
  readonly userLine: string | undefined;
  readonly bufferTimeoutMs: number;
  /** One per input; undefined where the input is not keyed. */
  readonly keySelectors: readonly (KeySelector<unknown, Key> | undefined)[];
  readonly keyHashRule: KeyHashRule | undefined;
  readonly inEdges: StreamEdge[];
  readonly outEdges: StreamEdge[];
}

/** A connection of two nodes. */
export interface StreamEdge {
  readonly source: StreamNode;
  readonly target: StreamNode;
  /** 0 for the only input, 1 and 2 for the inputs of an operator with two. */
  readonly typeNumber: number;
  readonly partitioner: StreamPartitioner;
  readonly sideOutputTag: string | undefined;
  readonly exchangeMode: StreamExchangeMode;
  readonly bufferTimeoutMs: number;
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

  constructor(readonly settings: ResolvedSettings) {}

  get jobName(): string {
    return this.settings.jobName;
  }
  /** In the order they were translated. */
  get nodes(): readonly StreamNode[] {
    return [...this.#nodes.values()];
  }
  get sources(): readonly StreamNode[] {
    return this.nodes.filter((node) => node.kind === "source" || node.kind === "legacySource");
  }
  node(id: number): StreamNode {
    const node = this.#nodes.get(id);
    invariant(node !== undefined, `StreamGraph has no node ${id}`);
    return node;
  }
  addNode(node: Omit<StreamNode, "inEdges" | "outEdges">): StreamNode {
    invariant(!this.#nodes.has(node.id), `StreamGraph has node ${node.id} twice`);
    const added: StreamNode = { ...node, inEdges: [], outEdges: [] };
    this.#nodes.set(node.id, added);
    return added;
  }
  addVirtualPartition(id: number, input: number, partition: VirtualPartition): void {
    this.#virtualPartitions.set(id, { ...partition, input });
  }
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
