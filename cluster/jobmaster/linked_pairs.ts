/**
 * Which slots of a stage exchange frames.
 *
 * @module
 */

import { connections } from "../../runtime/graph/edge_connection.ts";
import type { JobTopology } from "../../runtime/graph/job_plan.ts";
import type { SubtaskPlacement } from "../../runtime/tasks/slot/slot_protocol.ts";

/** Two slots with channels between them, either way. */
export interface LinkedPair {
  /** The lower index. */
  readonly a: number;
  readonly b: number;
  readonly channels: number;
}

/** Pairs of slots that have channels between them, with their number. */
export function linkedPairs(jobGraph: JobTopology, all: readonly SubtaskPlacement[]): LinkedPair[] {
  const slotOf = new Map(all.map((placement) => [`${placement.vertexId} ${placement.subtaskIndex}`, placement.slot]));
  const pairs = new Map<string, { a: number; b: number; channels: number }>();
  for (const vertex of jobGraph.vertices) {
    for (const edge of vertex.inputs) {
      const producers = jobGraph.vertex(edge.sourceVertexId).parallelism;
      for (const { producer, consumer } of connections(edge.distributionPattern, producers, vertex.parallelism)) {
        const from = slotOf.get(`${edge.sourceVertexId} ${producer}`);
        const to = slotOf.get(`${vertex.id} ${consumer}`);
        // Subtasks of other stages have no slot now; their channels are files.
        if (from === to || from === undefined || to === undefined) continue;
        const [a, b] = from < to ? [from, to] : [to, from];
        const pair = pairs.get(`${a} ${b}`) ?? { a, b, channels: 0 };
        pair.channels++;
        pairs.set(`${a} ${b}`, pair);
      }
    }
  }
  return [...pairs.values()];
}
