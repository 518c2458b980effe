import assert from "node:assert/strict";
import { NO_TIMESTAMP } from "../types/stream_element.ts";
import { streamRecord, watermark, watermarkStatus } from "./harness_elements.ts";
import { HarnessOutput } from "./harness_output.ts";
import { repartitionOperatorState } from "./harness_state.ts";
import { overwrite } from "./overwrite.ts";

Deno.test("overwrite spoils everything inside and nothing else", () => {
  const inner = { n: 1 };
  const table: [unknown, unknown][] = [
    [1, 1],
    ["x", "x"],
    [null, null],
    [undefined, undefined],
    [{ a: 1, b: inner }, { a: "overwritten by the harness", b: "overwritten by the harness" }],
    [[1, [2]], ["overwritten by the harness", "overwritten by the harness"]],
    [new Date(5), new Date(-1)],
    [new Map([["k", 1]]), new Map()],
    [new Set([1]), new Set()],
    [new Uint8Array([1, 2]), new Uint8Array([255, 255])],
    [Object.freeze({ a: 1 }), { a: 1 }],
  ];
  for (const [value, expected] of table) {
    overwrite(value);
    assert.deepEqual(value, expected);
  }
  assert.deepEqual(inner, { n: "overwritten by the harness" });
  // Only the part of the buffer that the view shows.
  const buffer = new Uint8Array(4);
  overwrite(buffer.subarray(1, 3));
  assert.deepEqual([...buffer], [0, 255, 255, 0]);
  // Parts of maps are reached.
  const part = { n: 1 };
  overwrite(new Map([["k", part]]));
  assert.deepEqual(part, { n: "overwritten by the harness" });
});

Deno.test("the output of a harness keeps copies, in order, side outputs apart", () => {
  for (const mutate of [false, true]) {
    const output = new HarnessOutput<{ n: number }>(mutate);
    const value = { n: 1 };
    output.emit(value, 5);
    assert.deepEqual(value.n, mutate ? "overwritten by the harness" : 1);
    output.emitWatermark(6);
    output.emitStatus("idle");
    output.emit({ n: 2 }, NO_TIMESTAMP);
    output.emitSide("late", { n: 3 }, 7);
    output.emitSide("late", { n: 4 }, NO_TIMESTAMP);
    assert.deepEqual(output.elements, [
      streamRecord({ n: 1 }, 5),
      watermark(6),
      watermarkStatus("idle"),
      streamRecord({ n: 2 }),
    ]);
    assert.deepEqual([...output.side], [["late", [streamRecord({ n: 3 }, 7), streamRecord({ n: 4 })]]]);
  }
  // What cannot travel is kept as it is: it never left its chain.
  class Own {}
  const own = new Own();
  const output = new HarnessOutput<Own>(false);
  output.emit(own, 0);
  assert.equal((output.elements[0] as { value: Own }).value, own);
});

Deno.test("elements of a harness", () => {
  assert.deepEqual(streamRecord("a"), { kind: "record", value: "a" });
  assert.deepEqual(streamRecord("a", NO_TIMESTAMP), { kind: "record", value: "a" });
  assert.deepEqual(streamRecord("a", 0), { kind: "record", value: "a", timestamp: 0 });
  assert.deepEqual(watermark(3), { kind: "watermark", timestamp: 3 });
  assert.deepEqual(watermarkStatus("active"), { kind: "status", status: "active" });
});

Deno.test("repartitionOperatorState: one snapshot or several, the id stays", () => {
  const bytes = (n: number) => new Uint8Array([n]);
  const list = (...elements: number[]) => ({
    checkpointId: 9,
    operator: {
      formatVersion: 1 as const,
      lists: [{ name: "l", mode: "split-distribute" as const, elements: elements.map(bytes) }],
    },
  });
  const part = (subtaskIndex: number) =>
    repartitionOperatorState([list(1, 2), list(3)], { maxParallelism: 8, parallelism: 3, subtaskIndex });
  assert.deepEqual([0, 1, 2].map(part), [list(1), list(2), list(3)]);
  assert.deepEqual(repartitionOperatorState(list(1), { maxParallelism: 8, parallelism: 1, subtaskIndex: 0 }), list(1));
  assert.deepEqual(
    repartitionOperatorState(list(1), { maxParallelism: 8, parallelism: 2, subtaskIndex: 1 }),
    { checkpointId: 9 },
  );
  assert.deepEqual(repartitionOperatorState([], { maxParallelism: 8, parallelism: 1, subtaskIndex: 0 }), {
    checkpointId: 0,
  });
});
