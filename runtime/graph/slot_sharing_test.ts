import assert from "node:assert/strict";
import fc from "fast-check";
import type { JobEdge } from "./job_graph.ts";
import { assignSlotSharingGroups, type SharingVertex } from "./slot_sharing.ts";

function vertex(id: string, group: string, inputs: readonly (readonly [string, boolean])[] = []): SharingVertex {
  return {
    id,
    group,
    inputs: inputs.map(([sourceVertexId, blocking]) => ({
      sourceVertexId,
      targetVertexId: id,
      resultPartitionType: blocking ? "BLOCKING" : "PIPELINED_BOUNDED",
    } as JobEdge)),
  };
}

/** Vertices by group, in a form that can be compared. */
function partition(vertices: readonly SharingVertex[], perRegion: boolean): string[] {
  const groups = new Set(assignSlotSharingGroups(vertices, perRegion).values());
  return [...groups].map(({ name, vertexIds }) => `${name}: ${vertexIds.join(" ")}`);
}

const DIAMOND = [
  vertex("a", "default"),
  vertex("b", "default", [["a", false]]),
  vertex("c", "other", [["a", true]]),
  vertex("d", "default", [["b", true], ["c", false]]),
];

Deno.test("streaming: one default group, named groups as they are", () => {
  assert.deepEqual(partition(DIAMOND, false), ["default: a b d", "other: c"]);
});

Deno.test("batch: one default group per region; a named group spans regions", () => {
  assert.deepEqual(partition(DIAMOND, true), ["default: a b", "other: c", "default: d"]);
});

Deno.test("a group named like a region is not one", () => {
  const vertices = [vertex("a", "default"), vertex("b", "default a"), vertex("c", "default ")];
  assert.equal(partition(vertices, true).length, 3);
});

Deno.test("property: default vertices share exactly when a pipelined path connects them", () => {
  const graphs = fc.array(fc.array(fc.tuple(fc.nat(9), fc.boolean()), { maxLength: 3 }), {
    minLength: 1,
    maxLength: 10,
  });
  fc.assert(fc.property(graphs, (inputs) => {
    const vertices = inputs.map((edges, index) =>
      vertex(
        `v${index}`,
        "default",
        edges.filter(([from]) => from < index).map(([from, blocking]) => [`v${from}`, blocking]),
      )
    );
    const groups = assignSlotSharingGroups(vertices, true);
    for (const left of vertices) {
      const reachable = floodFill(vertices, left.id);
      for (const right of vertices) {
        assert.equal(groups.get(left.id) === groups.get(right.id), reachable.has(right.id));
      }
    }
  }));
});

/** The slow way: walk pipelined edges in both directions. */
function floodFill(vertices: readonly SharingVertex[], start: string): Set<string> {
  const edges = vertices.flatMap((each) => each.inputs).filter((edge) => edge.resultPartitionType !== "BLOCKING");
  const seen = new Set([start]);
  for (let grown = true; grown;) {
    grown = false;
    for (const { sourceVertexId, targetVertexId } of edges) {
      if (seen.has(sourceVertexId) === seen.has(targetVertexId)) continue;
      seen.add(sourceVertexId).add(targetVertexId);
      grown = true;
    }
  }
  return seen;
}
