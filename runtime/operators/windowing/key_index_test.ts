import assert from "node:assert/strict";
import fc from "fast-check";
import type { CanonicalKey } from "../../state/key_context.ts";
import { KeyIndex } from "./key_index.ts";

const key: fc.Arbitrary<CanonicalKey> = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -20, max: 20 }) },
  // One bucket for all: consecutive keys are far apart, multiples of a large power of two are not.
  { weight: 2, arbitrary: fc.integer({ min: -8, max: 8 }).map((n) => n * 2 ** 26 | 0) },
  fc.constantFrom<CanonicalKey>(
    "a",
    "1",
    "a text that is longer than twelve letters",
    NaN,
    0.5,
    2 ** 31,
    1n,
    true,
    "true",
  ),
);
const step = fc.tuple(fc.constantFrom("add", "add", "move", "remove", "get"), key);

Deno.test("property: an index of keys is a map", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 0, max: 100 }), (steps, expected) => {
      const index = new KeyIndex(expected);
      const oracle = new Map<CanonicalKey, number>();
      let row = 0;
      for (const [op, key] of steps) {
        const isThere = oracle.has(key);
        if (op === "remove" && isThere) {
          index.remove(key);
          oracle.delete(key);
        } else if ((op === "add" && !isThere) || (op === "move" && isThere)) {
          index[op as "add" | "move"](key, row);
          oracle.set(key, row++);
        }
        assert.equal(index.get(key), oracle.get(key) ?? -1, `${op} ${String(key)}`);
      }
      for (const [key, row] of oracle) assert.equal(index.get(key), row);
    }),
    { numRuns: 300 },
  );
});

Deno.test("an index of keys keeps a hundred thousand, and forgets them", () => {
  const index = new KeyIndex();
  const keyOf = (i: number): number => Math.imul(i, 0x01000193);
  for (let i = 0; i < 100_000; i++) index.add(keyOf(i), i);
  for (let i = 0; i < 100_000; i += 2) index.remove(keyOf(i));
  for (let i = 0; i < 100_000; i++) assert.equal(index.get(keyOf(i)), i % 2 === 0 ? -1 : i);
});
