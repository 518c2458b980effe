/**
 * Names and descriptions of a chain, joined as Flink joins them. Called by the JobGraphGenerator.
 *
 * @module
 */

import type { StreamEdge, StreamNode } from "./stream_graph.ts";

/** Operators that run in one task. */
export interface Chain {
  readonly head: StreamNode;
  /** Head first, each node before those it feeds. */
  readonly nodes: StreamNode[];
  /** Out edges inside the chain, by node. */
  readonly chainedEdges: Map<StreamNode, readonly StreamEdge[]>;
  /** Sources that run as inputs of the head. */
  readonly chainedSources: StreamNode[];
  /** Edges that leave the chain. */
  readonly outEdges: StreamEdge[];
}

/** "Source: a -> (Map, Filter -> Sink: Writer)". */
export function chainedName(chain: Chain, node: StreamNode): string {
  const name = withChainedSources(chain, node, (each) => each.name);
  const next = followers(chain, node).map((follower) => chainedName(chain, follower));
  if (next.length === 0) return name;
  return next.length === 1 ? `${name} -> ${next[0]}` : `${name} -> (${next.join(", ")})`;
}

/** The descriptions of all operators: a tree of lines, or in one line. */
export function describeChain(chain: Chain, mode: "TREE" | "CASCADING"): string {
  return mode === "CASCADING" ? cascade(chain, chain.head) : tree(chain, chain.head, { own: "", children: "" });
}

function cascade(chain: Chain, node: StreamNode): string {
  const text = withChainedSources(chain, node, (each) => each.description);
  const next = followers(chain, node).map((follower) => cascade(chain, follower));
  if (next.length === 0) return text;
  return next.length === 1 ? `${text} -> ${next[0]}` : `${text} -> (${next.join(" , ")})`;
}

/** ":- " before each but the last child, "+- " before that; every line ends with a line feed. */
function tree(chain: Chain, node: StreamNode, indent: { readonly own: string; readonly children: string }): string {
  const next = followers(chain, node);
  const lines = next.map((follower, index) => {
    const last = index === next.length - 1;
    return tree(chain, follower, {
      own: `${indent.children}${last ? "+- " : ":- "}`,
      children: `${indent.children}${last ? "   " : ":  "}`,
    });
  });
  return `${indent.own}${withChainedSources(chain, node, (each) => each.description)}\n${lines.join("")}`;
}

function followers(chain: Chain, node: StreamNode): StreamNode[] {
  return (chain.chainedEdges.get(node) ?? []).map((edge) => edge.target);
}

function withChainedSources(chain: Chain, node: StreamNode, text: (node: StreamNode) => string): string {
  if (node !== chain.head || chain.chainedSources.length === 0) return text(node);
  const sources = node.inEdges.map((edge) => edge.source).filter((source) => chain.chainedSources.includes(source));
  return `${text(node)} [${sources.map(text).join(", ")}]`;
}
