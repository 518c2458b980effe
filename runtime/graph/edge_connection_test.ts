import assert from "node:assert/strict";
import fc from "fast-check";
import { connections, numSubpartitions } from "./edge_connection.ts";

/** Consumers of each producer, in order. */
function consumersOf(producers: number, consumers: number): number[][] {
  const all = connections("POINTWISE", producers, consumers);
  return Array.from({ length: producers }, (_, p) => all.filter((c) => c.producer === p).map((c) => c.consumer));
}

Deno.test("pointwise ranges are Flink's", () => {
  const table: [number, number, number[][]][] = [
    [1, 1, [[0]]],
    [2, 2, [[0], [1]]],
    [1, 3, [[0, 1, 2]]],
    [3, 1, [[0], [0], [0]]],
    [2, 3, [[0, 1], [2]]],
    [3, 2, [[0], [1], [1]]],
    [2, 5, [[0, 1, 2], [3, 4]]],
    [4, 2, [[0], [0], [1], [1]]],
  ];
  for (const [producers, consumers, expected] of table) {
    assert.deepEqual(consumersOf(producers, consumers), expected, `${producers} -> ${consumers}`);
  }
});

Deno.test("all-to-all connects each with each", () => {
  assert.deepEqual(
    connections("ALL_TO_ALL", 2, 2).map((c) => `${c.producer}.${c.subpartition}->${c.consumer}`),
    ["0.0->0", "1.0->0", "0.1->1", "1.1->1"],
  );
  assert.equal(numSubpartitions(connections("ALL_TO_ALL", 2, 3), 1), 3);
});

Deno.test("pointwise leaves no subtask out, and every subpartition has one consumer", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }), (producers, consumers) => {
    const all = connections("POINTWISE", producers, consumers);
    assert.equal(new Set(all.map((c) => c.producer)).size, producers);
    assert.equal(new Set(all.map((c) => c.consumer)).size, consumers);
    assert.equal(
      new Set(all.map((c) => `${c.producer}.${c.subpartition}/${producers > consumers ? c.consumer : ""}`)).size,
      all.length,
    );
    assert.ok(all.length <= Math.max(producers, consumers));
  }));
});
