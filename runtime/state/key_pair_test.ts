/** The tuple of two numbers as current key without a tuple: the same as with one, whatever came before. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { MapStateDescriptor, ValueStateDescriptor } from "../functions/state_descriptor.ts";
import type { Key } from "../types/key.ts";
import { HeapKeyedStateBackend } from "./heap_backend.ts";

type Op =
  | { readonly kind: "pair"; readonly left: number; readonly right: number }
  | { readonly kind: "key"; readonly key: Key }
  | { readonly kind: "write"; readonly value: number }
  | { readonly kind: "clear" }
  | { readonly kind: "look" };

const part = fc.constantFrom(0, -0, 1, 2, -1, 1.5, NaN, Infinity, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 40);
const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("pair" as const), left: part, right: part }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("key" as const),
      key: fc.oneof(
        fc.tuple(part, part),
        fc.constantFrom<Key>(1, "1", "1,2", [1, "2"], [1], [1, 2, 1], { 0: 1, 1: 2 }, 0, -0),
      ),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("write" as const), value: fc.nat(100) }) },
  { weight: 2, arbitrary: fc.constant({ kind: "clear" as const }) },
  { weight: 3, arbitrary: fc.constant({ kind: "look" as const }) },
);

function run(ops: readonly Op[], typedState: boolean, asPair: boolean): unknown[] {
  const backend = new HeapKeyedStateBackend({
    maxParallelism: 128,
    keyGroups: { start: 0, end: 127 },
    now: () => 0,
    typedState,
    codegenId: "pairs",
  });
  // deno-lint-ignore no-explicit-any -- the methods of value and map state
  const value = backend.state<any>(new ValueStateDescriptor<number>("value"));
  // deno-lint-ignore no-explicit-any -- as above
  const map = backend.state<any>(new MapStateDescriptor<number, number>("map"));
  const found: unknown[] = [];
  let isSet = false;
  for (const each of ops) {
    if (each.kind === "pair") {
      if (asPair) backend.setCurrentPair(each.left, each.right);
      else backend.setCurrentKey([each.left, each.right]);
      isSet = true;
    } else if (each.kind === "key") {
      backend.setCurrentKey(each.key);
      isSet = true;
    } else if (!isSet) continue;
    else if (each.kind === "write") {
      value.update(each.value);
      map.put(each.value % 3, each.value);
    } else if (each.kind === "clear") value.clear();
    else {
      const { keyContext } = backend;
      found.push([backend.getCurrentKey(), backend.getCurrentKeyGroup(), keyContext.hash, keyContext.canonical]);
      found.push([value.value(), [...map.entries()], keyContext.isSet]);
    }
  }
  const keys = [...backend.keys("value", ""), ...backend.keys("map", "")];
  const runs = backend.snapshot().runs.map(({ bytes }) => [...bytes]);
  return [found, keys, backend.numStateEntries(), runs];
}

Deno.test("property: a pair is its tuple, for state, key groups, timers' forms and snapshots", () => {
  fc.assert(
    fc.property(fc.array(op, { maxLength: 40 }), fc.boolean(), (ops, typedState) => {
      // Strict: the zeros differ.
      assert.deepStrictEqual(run(ops, typedState, true), run(ops, typedState, false));
    }),
    { numRuns: 500 },
  );
});

Deno.test("what getCurrentKey() gives for a pair may be changed without effect", () => {
  const backend = new HeapKeyedStateBackend({ maxParallelism: 8, keyGroups: { start: 0, end: 7 }, now: () => 0 });
  backend.setCurrentPair(1, 2);
  (backend.getCurrentKey() as number[])[0] = 7;
  assert.deepEqual(backend.getCurrentKey(), [1, 2]);
  backend.setCurrentPair(1, 2);
  assert.deepEqual(backend.getCurrentKey(), [1, 2]);
  backend.keyContext.clear();
  assert.throws(() => backend.getCurrentKey(), { code: "TSF-2115" });
});

Deno.test("a pair of a foreign key group is refused where a tuple is", () => {
  for (let left = 1; left < 20; left++) {
    const code = (set: (backend: HeapKeyedStateBackend) => void) => {
      const backend = new HeapKeyedStateBackend({ maxParallelism: 8, keyGroups: { start: 0, end: 3 }, now: () => 0 });
      set(backend);
      try {
        return backend.getCurrentKeyGroup();
      } catch (error) {
        return [(error as { code: string }).code, (error as Error).message];
      }
    };
    assert.deepEqual(code((b) => b.setCurrentPair(left, 3)), code((b) => b.setCurrentKey([left, 3])));
  }
});
