import assert from "node:assert/strict";
import fc from "fast-check";
import { CHUNK_ROWS, ValueColumn } from "./value_column.ts";

/** Markers of typed chunks and values next to them, besides what programs keep. */
const ODD: readonly unknown[] = [
  0,
  -0,
  NaN,
  Infinity,
  -0x80000000,
  -0x80000001,
  0x7fffffff,
  0x80000000,
  -1.0715086071862673e301,
  1.5,
  "text",
  true,
  false,
  1n,
  null,
];
const anyValue = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -5, max: 5 }) },
  { weight: 2, arbitrary: fc.double() },
  { weight: 1, arbitrary: fc.constantFrom(...ODD) },
);
const anyRow = fc.oneof(fc.nat(40), fc.constantFrom(CHUNK_ROWS - 1, CHUNK_ROWS, CHUNK_ROWS + 3, 3 * CHUNK_ROWS));

Deno.test("ValueColumn gives back exactly what was written, of whatever kinds", () => {
  const step = fc.record({ remove: fc.boolean(), row: anyRow, value: anyValue });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const column = new ValueColumn();
      const oracle = new Map<number, unknown>();
      for (const { remove, row, value } of steps) {
        if (remove) {
          assert.equal(column.remove(row), oracle.has(row));
          oracle.delete(row);
        } else {
          assert.equal(column.set(row, value), !oracle.has(row));
          oracle.set(row, value);
        }
        assert.equal(column.size, oracle.size);
        for (const asked of [...oracle.keys(), row, row + 1, 7]) {
          assert.ok(Object.is(column.get(asked), oracle.get(asked)), `row ${asked}`);
        }
      }
    }),
    { numRuns: 300, seed: 11 },
  );
});

Deno.test("ValueColumn: numbers take 4 or 8 bytes, and widening touches one chunk", () => {
  const column = new ValueColumn();
  for (let row = 0; row < 2 * CHUNK_ROWS; row++) column.set(row, row);
  assert.equal(column.byteLength, 2 * CHUNK_ROWS * 4);
  column.set(5, 0.5);
  assert.equal(column.byteLength, CHUNK_ROWS * 4 + CHUNK_ROWS * 8);
  assert.equal(column.get(5), 0.5);
  assert.equal(column.get(6), 6);
  assert.equal(column.get(CHUNK_ROWS + 5), CHUNK_ROWS + 5);
  column.set(CHUNK_ROWS, "text");
  assert.equal(column.get(CHUNK_ROWS), "text");
  assert.equal(column.get(CHUNK_ROWS + 1), CHUNK_ROWS + 1);
});
