import assert from "node:assert/strict";
import fc from "fast-check";
import { compareValues, type Field, fieldGetter, maxByOf, maxOf, minByOf, minOf, sumOf } from "./field_aggregation.ts";

Deno.test("compareValues orders as Java's compareTo does", () => {
  // Each line in ascending order.
  const ascending: unknown[][] = [
    [-Infinity, -1, -Number.MIN_VALUE, -0, 0, Number.MIN_VALUE, 1, 2 ** 53, Infinity, NaN],
    ["", "A", "B", "a", "aa", "b", "é", "\ud83d\ude00", "\uffff"],
    [-(2n ** 70n), -1n, 0n, 1n, 2n ** 70n],
    [false, true],
    [new Date(-5), new Date(0), new Date(5)],
  ];
  for (const values of ascending) {
    values.forEach((left, i) =>
      values.forEach((right, j) => {
        assert.equal(Math.sign(compareValues(left, right, "f")), Math.sign(i - j), `${String(left)} ${String(right)}`);
      })
    );
  }
  const unordered: [unknown, unknown][] = [[1, "1"], [1, 1n], [true, 1], [{}, {}], [null, 1], [undefined, undefined], [
    [1],
    [2],
  ], [new Date(1), 1]];
  for (const [left, right] of unordered) {
    assert.throws(() => compareValues(left, right, "f"), { code: "TSF-2012" }, `${typeof left} ${typeof right}`);
  }
});

Deno.test("fields: names, dots, tuple positions, whole values", () => {
  const table: [Field, unknown, unknown][] = [
    ["a", { a: 1 }, 1],
    ["a.b", { a: { b: 2 } }, 2],
    // A field that has the dot in its name comes first.
    ["a.b", { "a.b": 3, a: { b: 2 } }, 3],
    [1, ["x", 4], 4],
    ["1", ["x", 5], 5],
    ["0.n", [{ n: 6 }], 6],
    [0, 7, 7],
    ["*", "x", "x"],
  ];
  for (const [field, record, expected] of table) assert.equal(fieldGetter(field)(record), expected, String(field));
  const missing: [Field, unknown][] = [
    ["b", { a: 1 }],
    ["a.c", { a: { b: 1 } }],
    ["a.b", { a: 1 }],
    [2, [1]],
    ["a", {
      a: null,
    }],
    ["a", 5],
    ["toString", {}],
  ];
  for (const [field, record] of missing) {
    assert.throws(() => fieldGetter(field)(record), { code: "TSF-2012" }, `${field} of ${JSON.stringify(record)}`);
  }
  for (const field of ["", -1, 1.5, NaN, null]) assert.throws(() => sumOf(field as Field), { code: "TSF-2012" });
});

Deno.test("what is combined is not changed", () => {
  const left = { a: { n: 1, m: [1] }, x: "left" };
  const right = { a: { n: 5, m: [2] }, x: "right" };
  const before = structuredClone([left, right]);
  assert.deepEqual(sumOf("a.n")(left, right), { a: { n: 6, m: [1] }, x: "left" });
  assert.deepEqual(maxOf("a.n")(left, right), { a: { n: 5, m: [1] }, x: "left" });
  assert.equal(minOf("a.n")(left, right), left);
  assert.equal(maxByOf("a.n")(left, right), right);
  assert.equal(minByOf("a.n")(left, right), left);
  assert.deepEqual([left, right], before);
  assert.deepEqual(sumOf(1)(["a", 1], ["b", 2]), ["a", 3]);
});

Deno.test("extrema over any order of records", () => {
  const records = fc.array(fc.record({ n: fc.integer({ min: -3, max: 3 }), id: fc.nat(1000) }), {
    minLength: 1,
    maxLength: 10,
  });
  fc.assert(
    fc.property(records, (all) => {
      const fold = (reduce: (a: unknown, b: unknown) => unknown) =>
        all.reduce<unknown>((a, b) => a === undefined ? b : reduce(a, b), undefined) as typeof all[0];
      const least = Math.min(...all.map((r) => r.n));
      const most = Math.max(...all.map((r) => r.n));
      assert.deepEqual([fold(minOf("n")).n, fold(maxOf("n")).n], [least, most]);
      assert.deepEqual([fold(minOf("n")).id, fold(maxOf("n")).id], [all[0].id, all[0].id]);
      assert.equal(fold(minByOf("n")), all.find((r) => r.n === least));
      assert.equal(fold(maxByOf("n")), all.find((r) => r.n === most));
      assert.equal(fold(minByOf("n", false)), all.findLast((r) => r.n === least));
      assert.equal(fold(maxByOf("n", false)), all.findLast((r) => r.n === most));
    }),
    { numRuns: 100, seed: 6 },
  );
});
