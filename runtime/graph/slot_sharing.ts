/**
 * Which vertices may share slots. Groups the user named are taken as they are; in streaming all others are one group,
 * in batch one group per pipelined region, because regions run one after the other. Called by the JobGraphGenerator.
 *
 * @module
 */

import { InvalidProgramError } from "../errors.ts";
import type { JobEdge, SlotSharingGroup } from "./job_graph.ts";
import { referenceOf } from "./limits.ts";
import type { StreamNode } from "./stream_graph.ts";

/** The part of a vertex that decides its group. */
export interface SharingVertex {
  readonly id: string;
  /** As set or inherited on its head; "default" is the group of those without. */
  readonly group: string;
  readonly inputs: readonly JobEdge[];
}

/** The group of each vertex, by vertex id. */
export function assignSlotSharingGroups(
  vertices: readonly SharingVertex[],
  perRegion: boolean,
): Map<string, SlotSharingGroup> {
  const regions = perRegion ? pipelinedRegions(vertices) : new Map<string, string>();
  const groups = new Map<string, { name: string; vertexIds: string[] }>();
  const result = new Map<string, SlotSharingGroup>();
  for (const { id, group } of vertices) {
    const key = group === "default" ? `default ${regions.get(id) ?? ""}` : `named ${group}`;
    const found = groups.get(key) ?? { name: group, vertexIds: [] };
    groups.set(key, found);
    found.vertexIds.push(id);
    result.set(id, found);
  }
  return result;
}

/** The region of each vertex, named by one of its vertices: connected by results that are read while written. */
function pipelinedRegions(vertices: readonly SharingVertex[]): Map<string, string> {
  const parent = new Map(vertices.map(({ id }) => [id, id]));
  const root = (id: string): string => {
    let current = id;
    while (parent.get(current) !== current) current = parent.get(current)!;
    return current;
  };
  for (const edge of vertices.flatMap((vertex) => vertex.inputs)) {
    if (edge.resultPartitionType === "BLOCKING") continue;
    parent.set(root(edge.sourceVertexId), root(edge.targetVertexId));
  }
  return new Map(vertices.map(({ id }) => [id, root(id)]));
}

/** @throws InvalidProgramError TSF-1111 when one co-location group lies in several slot sharing groups. */
export function checkCoLocation(
  vertices: readonly { readonly head: StreamNode; readonly group: SlotSharingGroup }[],
): void {
  const first = new Map<string, { readonly head: StreamNode; readonly group: SlotSharingGroup }>();
  for (const vertex of vertices) {
    const key = vertex.head.coLocationGroup;
    if (key === undefined) continue;
    const other = first.get(key);
    if (other === undefined) first.set(key, vertex);
    else if (other.group !== vertex.group) {
      throw new InvalidProgramError("TSF-1111", `The co-location group "${key}" spans slot sharing groups`, {
        expected: `slot sharing group "${other.group.name}", as "${other.head.name}" has`,
        found: `slot sharing group "${vertex.group.name}"`,
        operator: referenceOf(vertex.head),
        userLine: vertex.head.userLine,
        hint: "Put all operators of the co-location group into one slotSharingGroup().",
      });
    }
  }
}
