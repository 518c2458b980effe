import assert from "node:assert/strict";
import fc from "fast-check";
import type { JobEdge, JobGraph, JobVertex } from "../../runtime/graph/job_graph.ts";
import { type PipelinedRegion, pipelinedRegions, RegionSchedule } from "./regions.ts";

/** A graph of edges as "a>b" (pipelined) and "a|b" (blocking). */
function graph(edges: string, type: "STREAMING" | "BATCH" = "BATCH"): JobGraph {
  const parsed = edges.split(" ").map((edge) => ({ from: edge[0], blocking: edge[1] === "|", to: edge[2] }));
  const ids = [...new Set(parsed.flatMap(({ from, to }) => [from, to]))].filter((id) => id !== undefined).sort();
  const vertices = ids.map((id) => ({
    id,
    inputs: parsed.filter(({ to }) => to === id).map(({ from, blocking }) => ({
      sourceVertexId: from,
      targetVertexId: id,
      resultPartitionType: blocking ? "BLOCKING" : "PIPELINED_BOUNDED",
    } as JobEdge)),
  } as unknown as JobVertex));
  return { type, vertices: vertices.toReversed(), verticesTopologically: vertices } as unknown as JobGraph;
}
const text = (regions: readonly PipelinedRegion[]) =>
  regions.map(({ vertices }) => vertices.map(({ id }) => id).join("")).join(" ");

Deno.test("regions: connected by what is read while it is written, producers first", () => {
  const table: [string, string][] = [
    ["a|b b|c", "a b c"],
    ["a>b b>c", "abc"],
    ["a>b b|c c>d", "ab cd"],
    ["a|b a|c b|d c|d", "a b c d"],
    ["a>c b>c c|d", "abc d"],
    // Nothing connects them.
    ["a>b c|d", "ab c d"],
    // a must be complete before b, which d reads while a is writing for it: all at once.
    ["a|b b>d a>d", "abd"],
    // Two regions that wait for each other.
    ["a>b c>d a|d c|b", "abcd"],
    // The same over a third one.
    ["a>d a|b b|c c>e d>e", "abcde"],
  ];
  for (const [edges, expected] of table) assert.equal(text(pipelinedRegions(graph(edges))), expected, edges);
  // Those of a streaming job are one where nothing is restarted.
  const streaming = graph("a>b c>d", "STREAMING");
  assert.equal(text(new RegionSchedule(streaming).regions), "ab cd");
  assert.equal(text(new RegionSchedule(streaming, false).regions), "abcd");
});

Deno.test("regions: a schedule runs each after its producers, and again when it is lost", () => {
  const schedule = new RegionSchedule(graph("a|b b|c a|c d|c"));
  const order: string[] = [];
  const run = (until?: string) => {
    for (let next = schedule.next(); next !== undefined && text([next]) !== until; next = schedule.next()) {
      order.push(text([next]));
      schedule.finish(next);
    }
  };
  run("c");
  assert.deepEqual(order.splice(0), ["a", "b", "d"]);
  schedule.lose(schedule.regions[0]);
  run();
  assert.deepEqual(order, ["a", "c"]);
});

Deno.test("regions: random graphs come apart in an order in which nobody waits for a later one", () => {
  const edge = fc.tuple(fc.nat(7), fc.nat(7), fc.boolean()).filter(([a, b]) => a !== b).map(([a, b, blocking]) => {
    const [from, to] = [Math.min(a, b), Math.max(a, b)].map((n) => "abcdefgh"[n]);
    return `${from}${blocking ? "|" : ">"}${to}`;
  });
  fc.assert(fc.property(fc.array(edge, { minLength: 1, maxLength: 14 }), (edges) => {
    const given = graph(edges.join(" "));
    const regions = pipelinedRegions(given);
    const at = new Map(regions.flatMap(({ vertices }, i) => vertices.map(({ id }) => [id, i] as const)));
    assert.equal(at.size, given.vertices.length);
    for (const { inputs } of given.vertices) {
      for (const { sourceVertexId: from, targetVertexId: to, resultPartitionType } of inputs) {
        if (resultPartitionType === "BLOCKING") assert.ok(at.get(from)! <= at.get(to)!);
        else assert.equal(at.get(from), at.get(to));
        const isBetween = at.get(from) !== at.get(to);
        assert.equal(regions[at.get(to)!].producers.has(regions[at.get(from)!]), isBetween);
      }
    }
  }));
});
