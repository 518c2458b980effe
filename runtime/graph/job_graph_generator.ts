/**
 * Turns the StreamGraph into the JobGraph: follows chainable edges from each entry point, makes one vertex per chain,
 * connects the vertices, puts them into slot sharing groups. The order of vertices and inputs is Flink's, because plans
 * show it. Called by the environment.
 *
 * @module
 */

import { BugError, invariant } from "../errors.ts";
import { defaultMaxParallelism } from "../types/key_group.ts";
import { isChainable, isChainableSource } from "./chaining.ts";
import { type Chain, chainedName, describeChain } from "./chain_names.ts";
import type {
  ChainedEdge,
  ChainedOperator,
  IntermediateDataSet,
  JobEdge,
  JobVertex,
  ResultPartitionType,
  SlotSharingGroup,
} from "./job_graph.ts";
import { JobGraph } from "./job_graph.ts";
import { assignSlotSharingGroups, checkCoLocation } from "./slot_sharing.ts";
import type { StreamEdge, StreamGraph, StreamNode } from "./stream_graph.ts";
import { generateOperatorIds } from "./stream_graph_hasher.ts";
import { isPointwise } from "./stream_partitioner.ts";

/**
 * Operators in a row that one chain takes; what follows begins a new one. A record is through the whole chain on one
 * stack, and this is about half of what a stack holds.
 */
export const MAX_CHAIN_LENGTH = 500;

/**
 * Builds the graph that is deployed.
 *
 * @throws InvalidProgramError TSF-1102 for a uid used twice, TSF-1111 for a co-location group over several slot
 * sharing groups.
 */
export function generateJobGraph(streamGraph: StreamGraph): JobGraph {
  return new JobGraphGenerator(streamGraph).generate();
}

/** A vertex while it is built; the lists fill up as edges are connected. */
interface VertexDraft {
  readonly chain: Chain;
  readonly id: string;
  readonly inputs: JobEdge[];
  readonly outputs: IntermediateDataSet[];
}

class JobGraphGenerator {
  readonly #operatorIds: ReadonlyMap<number, string>;
  /** By head, while the chains are followed. */
  readonly #chains = new Map<StreamNode, Chain>();
  /** By head, in the order of completion: consumers before producers. */
  readonly #drafts = new Map<StreamNode, VertexDraft>();

  constructor(readonly graph: StreamGraph) {
    this.#operatorIds = generateOperatorIds(graph);
  }

  generate(): JobGraph {
    for (const head of this.#entryPoints()) this.#follow(head, this.#chainOf(head));
    for (const draft of this.#drafts.values()) {
      for (const edge of draft.chain.outEdges) this.#connect(draft, edge);
    }
    const drafts = [...this.#drafts.values()];
    const groups = assignSlotSharingGroups(
      drafts.map(({ id, chain, inputs }) => ({ id, group: chain.head.slotSharingGroup, inputs })),
      this.graph.settings.runtimeMode === "BATCH",
    );
    checkCoLocation(drafts.map(({ id, chain }) => ({ head: chain.head, group: groups.get(id)! })));
    const vertices = drafts.map((draft) => this.#vertex(draft, groups.get(draft.id)!));
    const graph = new JobGraph(this.graph.settings, vertices, [...new Set(groups.values())]);
    return this.graph.settings.vertexNameIncludeIndexPrefix ? withIndexPrefix(graph) : graph;
  }

  /** Sources, or the operators that sources are chained into; by node id. */
  #entryPoints(): StreamNode[] {
    const heads = new Set<StreamNode>();
    for (const source of this.graph.sources) {
      if (!isChainableSource(source, this.graph)) {
        this.#chainOf(source);
        heads.add(source);
        continue;
      }
      const { target } = source.outEdges[0];
      this.#chainOf(target).chainedSources.push(source);
      heads.add(target);
    }
    return [...heads].sort((left, right) => left.id - right.id);
  }

  #chainOf(head: StreamNode): Chain {
    let chain = this.#chains.get(head);
    if (chain === undefined) {
      chain = { head, nodes: [], chainedEdges: new Map(), chainedSources: [], outEdges: [] };
      this.#chains.set(head, chain);
    }
    return chain;
  }

  /** Depth first: a chain is complete, and becomes a vertex, after all that it feeds. */
  #follow(node: StreamNode, chain: Chain, depth = 1): void {
    if (this.#drafts.has(chain.head)) return;
    chain.nodes.push(node);
    const chained = depth >= MAX_CHAIN_LENGTH ? [] : node.outEdges.filter((edge) => isChainable(edge, this.graph));
    chain.chainedEdges.set(node, chained);
    for (const edge of chained) this.#follow(edge.target, chain, depth + 1);
    for (const edge of node.outEdges) {
      if (chained.includes(edge)) continue;
      chain.outEdges.push(edge);
      this.#follow(edge.target, this.#chainOf(edge.target));
    }
    if (node !== chain.head) return;
    this.#drafts.set(node, { chain, id: this.#operatorId(node), inputs: [], outputs: [] });
  }

  #operatorId(node: StreamNode): string {
    const id = this.#operatorIds.get(node.id);
    if (id === undefined) throw new BugError("TSF-0001", `Operator "${node.name}" has no id`);
    return id;
  }

  #connect(source: VertexDraft, edge: StreamEdge): void {
    const target = this.#drafts.get(edge.target);
    invariant(target !== undefined, `Operator "${edge.target.name}" has no vertex`);
    const jobEdge: JobEdge = {
      sourceVertexId: source.id,
      sourceNodeId: edge.source.id,
      targetVertexId: target.id,
      targetNodeId: edge.target.id,
      sourceOutputIndex: source.outputs.length,
      targetInput: targetInputOf(edge),
      partitioner: edge.partitioner,
      sideOutputTag: edge.sideOutputTag,
      resultPartitionType: this.#resultPartitionType(edge),
      distributionPattern: isPointwise(edge.partitioner) ? "POINTWISE" : "ALL_TO_ALL",
      bufferTimeoutMs: edge.bufferTimeoutMs,
      supportsUnaligned: edge.supportsUnaligned,
      shipStrategyName: edge.partitioner.strategy,
    };
    target.inputs.push(jobEdge);
    source.outputs.push({
      id: `${source.id}-${source.outputs.length}`,
      producerVertexId: source.id,
      sourceNodeId: edge.source.id,
      sideOutputTag: edge.sideOutputTag,
      resultPartitionType: jobEdge.resultPartitionType,
      consumer: jobEdge,
    });
  }

  #resultPartitionType(edge: StreamEdge): ResultPartitionType {
    if (edge.exchangeMode === "BATCH") return "BLOCKING";
    const { runtimeMode, batchShuffleMode } = this.graph.settings;
    return runtimeMode === "BATCH" && batchShuffleMode === "ALL_EXCHANGES_BLOCKING" ? "BLOCKING" : "PIPELINED_BOUNDED";
  }

  #vertex(draft: VertexDraft, slotSharingGroup: SlotSharingGroup): JobVertex {
    const { chain, id, inputs, outputs } = draft;
    const { parallelism, maxParallelism, coLocationGroup } = chain.head;
    return {
      id,
      name: chainedName(chain, chain.head),
      description: describeChain(chain, this.graph.settings.vertexDescriptionMode),
      parallelism,
      maxParallelism: maxParallelism > 0 ? maxParallelism : defaultMaxParallelism(parallelism),
      configuredMaxParallelism: maxParallelism,
      slotSharingGroup,
      coLocationGroup,
      chain: this.#operators(draft),
      inputs,
      outputs,
    };
  }

  #operators({ chain, outputs }: VertexDraft): ChainedOperator[] {
    const nodes = [...chain.nodes, ...chain.chainedSources];
    const indexes = new Map(nodes.map((node, index) => [node, index]));
    return nodes.map((node) => ({
      nodeId: node.id,
      operatorId: this.#operatorId(node),
      userDefinedOperatorId: node.uidHash,
      name: node.name,
      description: node.description,
      kind: node.kind,
      uid: node.uid,
      userLine: node.userLine,
      factory: node.factory,
      keySelectors: node.keySelectors,
      keyed: node.keySelectors.some((selector) => selector !== undefined),
      keyHashRule: node.keyHashRule,
      // A chained source has one out edge, to the head.
      chainedEdges: (chain.chainedEdges.get(node) ?? node.outEdges).map((edge) =>
        chainedEdge(edge, indexes.get(edge.target)!)
      ),
      outputIndexes: outputs.flatMap((output, index) => output.sourceNodeId === node.id ? [index] : []),
    }));
  }
}

function targetInputOf(edge: StreamEdge): number {
  return edge.typeNumber === 0 ? 0 : edge.typeNumber - 1;
}

function chainedEdge(edge: StreamEdge, target: number): ChainedEdge {
  const targetInput = targetInputOf(edge);
  return edge.sideOutputTag === undefined
    ? { target, targetInput }
    : { target, targetInput, sideOutputTag: edge.sideOutputTag };
}

function withIndexPrefix(graph: JobGraph): JobGraph {
  const indexes = new Map(graph.verticesTopologically.map((vertex, index) => [vertex.id, index]));
  const vertices = graph.vertices.map((vertex) => ({
    ...vertex,
    name: `[vertex-${indexes.get(vertex.id)}]${vertex.name}`,
  }));
  return new JobGraph(graph.settings, vertices, graph.slotSharingGroups);
}
