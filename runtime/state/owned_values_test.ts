import assert from "node:assert/strict";
import fc from "fast-check";
import { ownedCopy } from "./owned_values.ts";
import { copyValue } from "../types/copy.ts";

const long = "a text that is longer than the twelve units V8 copies";

Deno.test("ownedCopy is a deep copy: equal, and nothing shared", () => {
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
    withNullPrototype: false,
    values: [fc.string({ maxLength: 40 }), fc.integer(), fc.constant(long), fc.boolean()],
  });
  fc.assert(
    fc.property(anything, (value) => {
      const copy = ownedCopy(value);
      assert.deepEqual(copy, copyValue(value));
      if (typeof value === "object" && value !== null) assert.notEqual(copy, value);
    }),
    { numRuns: 300, seed: 5 },
  );
});

Deno.test("ownedCopy keeps every unit of a text, at every length and in every place", () => {
  const source = "\0 \ud83d\ude00\ud800 ünï ".repeat(40);
  for (const length of [0, 1, 11, 12, 13, 14, 100, 400]) {
    const text = source.slice(3, 3 + length);
    const value = { text, list: [text, { deep: [text] }], map: new Map([[text, text]]), set: new Set([text]), n: 1 };
    assert.equal(ownedCopy(text), text);
    assert.deepEqual(ownedCopy(value), value);
  }
});

Deno.test("ownedCopy: cycles and deep values", () => {
  const cyclic: Record<string, unknown> = { long };
  cyclic.self = cyclic;
  const copy = ownedCopy(cyclic);
  assert.equal(copy.self, copy);
  assert.equal(copy.long, long);
  let deep: unknown = long;
  for (let i = 0; i < 40; i++) deep = { i, inner: deep };
  assert.deepEqual(ownedCopy(deep), deep);
  // Ten nodes that all know each other: a billion paths, but few parts.
  const nodes: { known: unknown[] }[] = Array.from({ length: 10 }, () => ({ known: [] }));
  for (const node of nodes) node.known = nodes;
  assert.equal(ownedCopy(nodes)[3].known.length, 10);
  assert.throws(() => ownedCopy({ f: () => 1 }), { code: "TSF-2101" });
});
