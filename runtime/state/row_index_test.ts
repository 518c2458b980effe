import assert from "node:assert/strict";
import fc from "fast-check";
import { RowIndex } from "./row_index.ts";

/** All rows of a tag, by first() and next(). */
function rowsOf(index: RowIndex, tag: number): number[] {
  const rows: number[] = [];
  for (let row = index.first(tag); row >= 0; row = index.next(tag)) rows.push(row);
  return rows.toSorted((a, b) => a - b);
}

Deno.test("RowIndex finds every row of every tag after any adds and removals", () => {
  // Few tags meet often; extreme ones wrap around the ends of a segment.
  const tag = fc.oneof(fc.integer({ min: 0, max: 12 }), fc.constantFrom(-1, -0x80000000, 0x7fffffff), fc.integer());
  const step = fc.record({ add: fc.boolean(), tag, pick: fc.nat(1000) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const index = new RowIndex();
      const oracle: { tag: number; row: number }[] = [];
      let next = 0;
      for (const { add, tag, pick } of steps) {
        if (add || oracle.length === 0) {
          index.add(tag, next);
          oracle.push({ tag, row: next++ });
        } else {
          const [{ tag, row }] = oracle.splice(pick % oracle.length, 1);
          index.remove(tag, row);
        }
        for (const asked of [tag, 5, -1]) {
          assert.deepEqual(rowsOf(index, asked), oracle.filter((one) => one.tag === asked).map(({ row }) => row));
        }
      }
    }),
    { numRuns: 200, seed: 7 },
  );
});

Deno.test("RowIndex over many segments: all found, half removed, the rest found", () => {
  for (const stride of [1, 7, 1 << 12, 0x9e3779b1 | 0]) {
    const index = new RowIndex();
    const count = 120_000;
    for (let row = 0; row < count; row++) index.add(Math.imul(row, stride), row);
    for (let row = 0; row < count; row++) {
      if (index.find(Math.imul(row, stride)) !== row && Math.imul(row, stride) === row * stride) {
        assert.fail(`stride ${stride}: row ${row}`);
      }
    }
    const before = index.byteLength;
    assert.ok(before > 8 * count && before < 40 * count, `${before / count} bytes a row`);
  }
  const index = new RowIndex();
  for (let row = 0; row < 100_000; row++) index.add(row, row);
  for (let row = 0; row < 100_000; row += 2) index.remove(row, row);
  for (let row = 0; row < 100_000; row++) assert.equal(index.find(row), row % 2 === 0 ? -1 : row);
});

Deno.test("RowIndex holds more equal tags than a segment has places", () => {
  const index = new RowIndex();
  const count = 25_000;
  for (let row = 0; row < count; row++) index.add(42, row);
  index.add(43, count);
  assert.equal(rowsOf(index, 42).length, count);
  assert.equal(index.find(43), count);
  assert.equal(index.find(44), -1);
});
