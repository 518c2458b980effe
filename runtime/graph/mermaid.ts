/**
 * Draws a job graph as a Mermaid flowchart: one box per vertex with its operators and parallelism, edges with ship
 * strategy. Called by `tsflink info --format mermaid`.
 *
 * @module
 */

import type { JobGraph, JobVertex } from "./job_graph.ts";

/** The flowchart as text; sources first. */
export function jobGraphMermaid(graph: JobGraph): string {
  const vertices = graph.verticesTopologically;
  const names = new Map(vertices.map((vertex, index) => [vertex.id, `v${index}`]));
  const lines = ["flowchart LR"];
  for (const vertex of vertices) lines.push(`  ${names.get(vertex.id)}${box(vertex)}`);
  for (const vertex of vertices) {
    for (const edge of vertex.inputs) {
      const tag = edge.sideOutputTag === undefined ? "" : ` ${edge.sideOutputTag}`;
      lines.push(
        `  ${names.get(edge.sourceVertexId)} -- "${quoted(edge.shipStrategyName + tag)}" --> ${names.get(vertex.id)}`,
      );
    }
  }
  return `${lines.join("\n")}\n`;
}

/** Sources are rounded, vertices that end in a sink are slanted. */
function box(vertex: JobVertex): string {
  const operators = vertex.chain.map((operator) => operator.name).join("\n");
  const text = quoted(`${operators}\nparallelism ${vertex.parallelism}`);
  if (vertex.inputs.length === 0) return `(["${text}"])`;
  return vertex.outputs.length === 0 ? `[/"${text}"/]` : `["${text}"]`;
}

function quoted(text: string): string {
  return text
    .replaceAll("#", "#35;")
    .replaceAll('"', "#quot;")
    .replaceAll("<", "#lt;")
    .replaceAll(">", "#gt;")
    .replaceAll("\n", "<br/>");
}
