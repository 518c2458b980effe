/**
 * When two operators may run in one task: Flink's eleven conditions, each with a name and a reason, so that a plan can
 * say why an edge is not chained. Called by the hasher (ids depend on chaining) and the JobGraphGenerator.
 *
 * @module
 */

import type { StreamEdge, StreamGraph, StreamNode } from "./stream_graph.ts";

/** One of the conditions; all must hold. */
export interface ChainingCondition {
  /** Stable, for tests and plans. */
  readonly name: string;
  holds(edge: StreamEdge, graph: StreamGraph): boolean;
  /** What stands against it; asked only when it does not hold. */
  reason(edge: StreamEdge, graph: StreamGraph): string;
}

const singleInput: ChainingCondition = {
  name: "single-input",
  holds: (edge) => edge.target.inEdges.length === 1,
  reason: (edge) => `"${edge.target.name}" has ${edge.target.inEdges.length} inputs`,
};

/** All eleven, cheap ones first. Public so that a test can try each both ways. */
export const CHAINING_CONDITIONS: readonly ChainingCondition[] = [
  singleInput,
  {
    name: "chaining-enabled",
    holds: (_edge, graph) => graph.settings.chainingEnabled,
    reason: () => "pipeline.operator-chaining.enabled is false",
  },
  {
    name: "same-slot-sharing-group",
    holds: ({ source, target }) => source.slotSharingGroup === target.slotSharingGroup,
    reason: ({ source, target }) => `slot sharing groups "${source.slotSharingGroup}" and "${target.slotSharingGroup}"`,
  },
  {
    name: "both-have-operators",
    holds: ({ source, target }) => source.factory !== undefined && target.factory !== undefined,
    reason: () => "one side has no operator",
  },
  {
    name: "upstream-strategy",
    holds: ({ source }) => source.chainingStrategy !== "NEVER",
    reason: ({ source }) => `"${source.name}" never chains`,
  },
  {
    name: "downstream-strategy",
    holds: ({ source, target }) =>
      target.chainingStrategy === "ALWAYS" ||
      (target.chainingStrategy === "HEAD_WITH_SOURCES" && source.kind === "source"),
    reason: ({ target }) => `"${target.name}" has the strategy ${target.chainingStrategy}`,
  },
  {
    name: "forward-partitioner",
    holds: (edge) => edge.partitioner.strategy === "FORWARD",
    reason: (edge) => `the partitioner is ${edge.partitioner.strategy}`,
  },
  {
    name: "not-batch-exchange",
    holds: (edge) => edge.exchangeMode !== "BATCH",
    reason: () => "the exchange waits for the end of its producer",
  },
  {
    name: "equal-parallelism",
    holds: ({ source, target }, graph) =>
      source.parallelism === target.parallelism &&
      (graph.settings.chainOperatorsWithDifferentMaxParallelism || source.maxParallelism === target.maxParallelism),
    reason: ({ source, target }) =>
      source.parallelism === target.parallelism
        ? `max parallelism ${source.maxParallelism} and ${target.maxParallelism}`
        : `parallelism ${source.parallelism} and ${target.parallelism}`,
  },
  {
    name: "no-union",
    holds: (edge) => edge.target.inEdges.every((other) => other === edge || other.typeNumber !== edge.typeNumber),
    reason: (edge) => `several streams are united before "${edge.target.name}"`,
  },
  {
    name: "yielding-not-behind-legacy-source",
    holds: ({ source, target }, graph) =>
      target.factory?.isYielding !== true || headOfChain(source, graph).kind !== "legacySource",
    reason: ({ source, target }, graph) =>
      `"${target.name}" yields and the chain starts with the legacy source "${headOfChain(source, graph).name}"`,
  },
];

/** Whether source and target of the edge run in one task. */
export function isChainable(edge: StreamEdge, graph: StreamGraph): boolean {
  return CHAINING_CONDITIONS.every((condition) => condition.holds(edge, graph));
}

/** The conditions that do not hold, with their reasons; empty for a chained edge. */
export function whyNotChained(edge: StreamEdge, graph: StreamGraph): { name: string; reason: string }[] {
  return CHAINING_CONDITIONS
    .filter((condition) => !condition.holds(edge, graph))
    .map((condition) => ({ name: condition.name, reason: condition.reason(edge, graph) }));
}

/**
 * Whether a source runs inside the task of an operator with several inputs: its only consumer asks for it, and all
 * conditions but the single input hold.
 */
export function isChainableSource(node: StreamNode, graph: StreamGraph): boolean {
  if (node.kind !== "source" || node.outEdges.length !== 1) return false;
  const edge = node.outEdges[0];
  return edge.target.chainingStrategy === "HEAD_WITH_SOURCES" &&
    CHAINING_CONDITIONS.every((condition) => condition === singleInput || condition.holds(edge, graph));
}

/** The first operator of the task that runs the node. */
export function headOfChain(node: StreamNode, graph: StreamGraph): StreamNode {
  const known = graph.chainHeads.get(node.id);
  if (known !== undefined) return known;
  const [edge] = node.inEdges;
  const head = node.inEdges.length === 1 && isChainable(edge, graph) ? headOfChain(edge.source, graph) : node;
  graph.chainHeads.set(node.id, head);
  return head;
}
