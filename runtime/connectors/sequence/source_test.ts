import assert from "node:assert/strict";
import fc from "fast-check";
import { sourceConformance } from "../../testing/conformance.ts";
import { SourceRun } from "../../testing/source_run.ts";
import { splitNumberRange } from "./range.ts";
import { NumberSequenceSource } from "./source.ts";

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

for (const [from, to] of [[1, 20], [-3, 4], [7, 7]]) {
  const make = (): NumberSequenceSource => new NumberSequenceSource(from, to);
  for (const test of sourceConformance(`sequence ${from}..${to}`, make, numbers(from, to), { ordered: true })) {
    Deno.test(test);
  }
}

Deno.test("a range is cut into contiguous parts, the larger ones first, none empty", () => {
  const table: [number, number, number, string][] = [
    [1, 10, 3, "1:1-4 2:5-7 3:8-10"],
    [1, 10, 1, "1:1-10"],
    [1, 2, 4, "1:1-1 2:2-2"],
    [0, 7, 4, "1:0-1 2:2-3 3:4-5 4:6-7"],
    [-5, -1, 2, "1:-5--3 2:-2--1"],
  ];
  for (const [from, to, parts, expected] of table) {
    const found = splitNumberRange(from, to, parts).map(({ id, next, to }) => `${id}:${next}-${to}`).join(" ");
    assert.equal(found, expected);
  }
  fc.assert(fc.property(fc.integer(), fc.nat(2000), fc.integer({ min: 1, max: 50 }), (from, length, parts) => {
    const splits = splitNumberRange(from, from + length, parts);
    const sizes = splits.map((split) => split.to - split.next + 1);
    assert.equal(sizes.reduce((a, b) => a + b), length + 1);
    assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1);
    splits.reduce((end, split) => (assert.equal(split.next, end), split.to + 1), from);
  }));
});

Deno.test("each subtask gets one part in order and readers without a part end", async () => {
  const run = new SourceRun(new NumberSequenceSource(1, 3), { parallelism: 5 });
  await run.run();
  assert.ok(run.ended);
  assert.deepEqual(run.records.map(({ value, subtask }) => [value, subtask]), [[1, 0], [2, 1], [3, 2]]);
  await run.close();
});

Deno.test("wrong ends are refused with a code", () => {
  for (const [from, to] of [[2, 1], [0.5, 3], [0, 2 ** 53], [-(2 ** 52) * 1.5, 2 ** 52], [NaN, 1]]) {
    assert.throws(() => new NumberSequenceSource(from, to), { code: "TSF-3016" }, `${from}..${to}`);
  }
});
