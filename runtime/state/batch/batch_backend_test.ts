import assert from "node:assert/strict";
import fc from "fast-check";
import type { FlinkError } from "../../errors.ts";
import {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  type StateDescriptor,
  ValueStateDescriptor,
} from "../../functions/state_descriptor.ts";
import type { Key } from "../../types/key.ts";
import { BatchKeyedStateBackend } from "./batch_backend.ts";
import { ALL, type Handle, throwsCode } from "../conformance_fixture_test.ts";
import { HeapKeyedStateBackend } from "../heap_backend.ts";
import type { KeyedStateBackend } from "../keyed_state_backend.ts";

const DESCRIPTORS: Readonly<Record<string, StateDescriptor>> = {
  value: new ValueStateDescriptor<unknown>("value", { defaultValue: 7 }),
  list: new ListStateDescriptor<unknown>("list"),
  map: new MapStateDescriptor<unknown, unknown>("map"),
  reducing: new ReducingStateDescriptor<number>("reducing", (a, b) => a - b),
  aggregating: new AggregatingStateDescriptor<number, { n: number }, string>("aggregating", {
    createAccumulator: () => ({ n: 0 }),
    add: (value, acc) => ({ n: acc.n * 2 + value }),
    getResult: (acc) => `n${acc.n}`,
    merge: (a, b) => ({ n: a.n + 3 * b.n }),
  }),
};
const OPERATIONS: Readonly<Record<string, (h: Handle, n: number) => unknown>> = {
  "value update": (h, n) => h.update(n % 3 === 0 ? null : { n, list: [n] }),
  "value value": (h) => h.value(),
  "value clear": (h) => h.clear(),
  "list add": (h, n) => h.add({ n }),
  "list get": (h) => [...h.get()],
  "list update": (h, n) => h.update([n, n + 1]),
  "list merge": (h) => h.mergeNamespaces("w", ["", "x"]),
  "map put": (h, n) => h.put(n % 4, { n }),
  "map get": (h, n) => h.get(n % 4),
  "map remove": (h, n) => h.remove(n % 4),
  "map entries": (h) => [...h.entries()],
  "reducing add": (h, n) => h.add(n),
  "reducing get": (h) => h.get(),
  "reducing merge": (h) => h.mergeNamespaces("", ["w", "x"]),
  "aggregating add": (h, n) => h.add(n),
  "aggregating get": (h) => h.get(),
  "aggregating merge": (h) => h.mergeNamespaces("x", ["w", ""]),
};

const step = fc.tuple(
  fc.constantFrom(...Object.keys(OPERATIONS)),
  fc.constantFrom("", "w", "x"),
  fc.integer({ min: -5, max: 5 }),
);
const KEYS: readonly Key[] = [0, NaN, "a", 1n, [1, "a"], { k: 1 }, true];

function run(backend: KeyedStateBackend, key: Key, steps: readonly (readonly [string, string, number])[]): unknown[] {
  return steps.map(([operation, namespace, n]) => {
    backend.setCurrentKey(key);
    const handle = backend.state<Handle>(DESCRIPTORS[operation.split(" ")[0]]);
    handle.setNamespace(namespace);
    return OPERATIONS[operation](handle, n);
  });
}

Deno.test("one key at a time: each key sees what it sees in the heap backend", () => {
  fc.assert(
    fc.property(fc.array(fc.array(step, { maxLength: 30 }), { maxLength: KEYS.length }), (scripts) => {
      const heap = new HeapKeyedStateBackend({ ...ALL, now: () => 0, typedState: false });
      const batch = new BatchKeyedStateBackend(ALL);
      let rows = 0;
      scripts.forEach((steps, i) => {
        assert.deepEqual(run(batch, KEYS[i], steps), run(heap, KEYS[i], steps));
        assert.deepEqual(batch.numStateEntries(), heap.numStateEntries() - rows);
        rows = heap.numStateEntries();
        batch.dropKey();
        assert.equal(batch.numStateEntries(), 0);
      });
    }),
    { numRuns: 200, seed: 4 },
  );
});

Deno.test("one key at a time: state is the backend's own", () => {
  const batch = new BatchKeyedStateBackend(ALL);
  batch.setCurrentKey("a");
  const handle = batch.state<Handle>(DESCRIPTORS.value);
  const value = { n: 1 };
  handle.update(value);
  value.n = 2;
  handle.value().n = 3;
  assert.deepEqual(handle.value(), { n: 1 });
});

Deno.test("one key at a time: what is refused", () => {
  const batch = new BatchKeyedStateBackend({ ...ALL, keyGroups: { start: 0, end: 7 } });
  const handle = batch.state<Handle>(DESCRIPTORS.value);
  throwsCode("TSF-2115", () => handle.value());
  throwsCode("TSF-2115", () => batch.getCurrentKey());
  throwsCode("TSF-2102", () => batch.setCurrentKey(null as unknown as Key));
  batch.setCurrentKey(1);
  batch.setCurrentKey(1);
  throwsCode("TSF-2122", () => batch.setCurrentKey(2));
  batch.dropKey();
  batch.setCurrentKey(NaN);
  batch.setCurrentKey(NaN);
  throwsCode("TSF-2110", () => batch.state(new ListStateDescriptor("value")));
  throwsCode("TSF-0001", () => batch.snapshot());
  const foreign = Array.from({ length: 50 }, (_, key) => key).filter((key) => {
    batch.dropKey();
    batch.setCurrentKey(key);
    try {
      handle.value();
      return false;
    } catch (error) {
      return (error as FlinkError).code === "TSF-2116";
    }
  });
  assert.ok(foreign.length > 10 && foreign.length < 40);
});

Deno.test("one key at a time: other keys are out of reach", () => {
  const batch = new BatchKeyedStateBackend(ALL);
  batch.setCurrentKey(1);
  batch.state<Handle>(DESCRIPTORS.value).update(1);
  assert.deepEqual([...batch.keys()], []);
  batch.applyToAllKeys();
  assert.equal(batch.numStateEntries("value"), 1);
  assert.equal(batch.numStateEntries("none"), 0);
  batch.dispose();
  assert.equal(batch.numStateEntries(), 0);
});
