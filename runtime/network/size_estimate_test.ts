import assert from "node:assert/strict";
import fc from "fast-check";
import { serializeValue } from "../types/generic_serializer.ts";
import { estimateSize } from "./size_estimate.ts";

Deno.test("sizes of each kind of value", () => {
  const table: [unknown, number][] = [
    [null, 1],
    [undefined, 1],
    [true, 1],
    [1.5, 8],
    [10n, 8],
    ["", 4],
    ["abcd", 8],
    [[], 8],
    [[1, 2, 3], 32],
    [{}, 8],
    [{ a: 1, b: "xy" }, 22],
    [new Uint8Array(100), 108],
    [new ArrayBuffer(100), 108],
    [new Map([[1, 2]]), 48],
    [new Set([1, 2]), 80],
    [new Date(0), 8],
  ];
  for (const [value, expected] of table) assert.equal(estimateSize(value), expected);
});

Deno.test("deep and cyclic values end", () => {
  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;
  assert.ok(estimateSize(cyclic) < 200);
  let deep: unknown = 1;
  for (let i = 0; i < 10_000; i++) deep = { deep };
  assert.ok(estimateSize(deep) < 200);
});

Deno.test("the guess is at least 1 and of the order of the encoded size", () => {
  const record = fc.dictionary(
    fc.string({ minLength: 1, maxLength: 8 }),
    fc.oneof(fc.double(), fc.string(), fc.boolean()),
    {
      maxKeys: 8,
    },
  );
  fc.assert(fc.property(record, (value) => {
    const guess = estimateSize(value);
    const real = serializeValue(value).length;
    assert.ok(guess >= 1);
    // Field names are not counted: a schema carries them once.
    const names = Object.keys(value).reduce((sum, name) => sum + new TextEncoder().encode(name).length + 8, 0);
    assert.ok(guess * 4 + 32 + names >= real && guess <= real * 8 + 32, `${guess} for ${real}`);
  }));
});
