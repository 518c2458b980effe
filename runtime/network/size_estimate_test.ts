import assert from "node:assert/strict";
import fc from "fast-check";
import { serializeValue } from "../types/generic_serializer.ts";
import { estimateSize, sizeEstimator } from "./size_estimate.ts";

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

Deno.test("a generated estimator says what the general one says, of anything", () => {
  const estimate = sizeEstimator('job 1 "quoted" */ name');
  class Point {
    x = 1;
    name = "abc";
  }
  const inherited = Object.create({ far: 1 });
  inherited.near = "x";
  const values: unknown[] = [new Point(), inherited, Object.create(null), new Date(0), new Map([[1, 2]]), undefined];
  values.push([1, 2], [], new Uint8Array(9), { a: undefined, b: null, c: true, d: 1n, e: [{ f: "x" }], g: { h: {} } });
  for (const value of values) assert.equal(estimate(value), estimateSize(value));
  const anything = fc.anything({ withTypedArray: true, withMap: true, withDate: true, withBigInt: true });
  fc.assert(fc.property(anything, (value) => assert.equal(estimate(value), estimateSize(value))));
});
