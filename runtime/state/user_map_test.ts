import assert from "node:assert/strict";
import fc from "fast-check";
import { serializeValue } from "../types/generic_serializer.ts";
import { UserMap } from "./user_map.ts";

/** The slow way: a list of pairs, keys compared by their bytes. */
class ListMap {
  pairs: [unknown, unknown][] = [];
  #at(key: unknown): number {
    const bytes = serializeValue(normal(key)).join();
    return this.pairs.findIndex(([other]) => serializeValue(normal(other)).join() === bytes);
  }
  set(key: unknown, value: unknown): void {
    const at = this.#at(key);
    if (at < 0) this.pairs.push([key, value]);
    else this.pairs[at][1] = value;
  }
  delete(key: unknown): void {
    const at = this.#at(key);
    if (at >= 0) this.pairs.splice(at, 1);
  }
  get(key: unknown): unknown {
    return this.pairs[this.#at(key)]?.[1];
  }
}
/** 0 and -0 are one key; the order of fields does not matter. */
function normal(key: unknown): unknown {
  if (key === 0) return 0;
  if (Array.isArray(key)) return key.map(normal);
  if (typeof key === "object" && key !== null && Object.getPrototypeOf(key) === Object.prototype) {
    return Object.entries(key).sort(([a], [b]) => a < b ? -1 : 1).map(([name, part]) => [name, normal(part)]);
  }
  return key;
}

const keys = fc.constantFrom<unknown>(
  "a",
  "b",
  1,
  "1",
  1n,
  0,
  -0,
  NaN,
  true,
  "true",
  null,
  undefined,
  [1, 2],
  [2, 1],
  ["a", ["b"]],
  [],
  { a: 1, b: 2 },
  { b: 2, a: 1 },
  { a: 1 },
  new Date(5),
  new Date(6),
  new Uint8Array([1, 2]),
);
const operation = fc.oneof(
  fc.record({ op: fc.constantFrom("set" as const), key: keys, value: fc.nat(9) }),
  fc.record({ op: fc.constantFrom("delete" as const), key: keys, value: fc.constant(0) }),
);

Deno.test("UserMap behaves as a list of pairs with keys compared by value", () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 40 }), (operations) => {
      const map = new UserMap();
      const oracle = new ListMap();
      for (const { op, key, value } of operations) {
        map[op](key, value);
        oracle[op](key, value);
        assert.equal(map.get(key), oracle.get(key));
        assert.equal(map.has(key), op === "set");
        assert.equal(map.size, oracle.pairs.length);
      }
      const seen: unknown[] = [];
      map.forEach((key, value) => seen.push([key, value]));
      assert.deepEqual(seen, oracle.pairs.map(([key, value]) => [Object.is(key, -0) ? 0 : key, value]));
      assert.deepEqual(map.keyList(), seen.map((pair) => (pair as unknown[])[0]));
      map.clear();
      assert.deepEqual([map.size, map.keyList()], [0, []]);
    }),
    { numRuns: 300, seed: 2 },
  );
});

Deno.test("UserMap keeps copies of its keys", () => {
  const map = new UserMap();
  const key = { n: [1] };
  map.set(key, "x");
  key.n.push(2);
  assert.deepEqual([map.get({ n: [1] }), map.get(key), map.keyList()], ["x", undefined, [{ n: [1] }]]);
});

Deno.test("UserMap refuses keys that no state can hold", () => {
  for (const key of [() => 1, Symbol("s"), { f: () => 1 }, new (class A {})()]) {
    assert.throws(() => new UserMap().set(key, 1), { code: "TSF-2101" });
  }
});
