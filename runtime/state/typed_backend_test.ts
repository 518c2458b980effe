// Typed state against today's tables: the same operations, values of all shapes, the same answers and the same snapshots.
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  ListStateDescriptor,
  MapStateDescriptor,
  type StateDescriptor,
  ValueStateDescriptor,
} from "../functions/state_descriptor.ts";
import { assertExact } from "../types/clone_oracle_test.ts";
import { copyValue } from "../types/copy.ts";
import type { Key } from "../types/key.ts";
import { HeapKeyedStateBackend } from "./heap_backend.ts";
import type { KeyedSnapshot, NamespacedState } from "./keyed_state_backend.ts";

// deno-lint-ignore no-explicit-any -- the operations below know which methods exist
type Handle = NamespacedState & Record<string, (...args: any[]) => any>;

const KEYS: readonly Key[] = [1, 2, -3, "one", "a key longer than twelve units", [1, 2], [2, 1], { a: 1 }, 1n, NaN];
const field = fc.oneof(fc.integer(), fc.double(), fc.string(), fc.constantFrom<unknown>(null, -0, true, 5n));
const text = fc.constantFrom(
  "x",
  "a text longer than twelve units",
  "one of the same length as above",
  null,
  undefined,
  "",
);
const row = fc.oneof(
  { weight: 4, arbitrary: fc.record({ count: fc.integer(), name: text, sum: fc.double(), note: text }) },
  fc.record({ count: field, sum: field }),
  fc.record({ sum: field, count: field, note: field }),
  fc.record({ count: field, list: fc.array(field, { maxLength: 2 }) }),
);
const anyValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: field },
  { weight: 4, arbitrary: row },
  { weight: 2, arbitrary: fc.array(row, { maxLength: 3 }) },
);
const step = fc.record({
  op: fc.constantFrom(
    "write",
    "write",
    "write",
    "add",
    "update",
    "remove",
    "clear",
    "iterate",
    "merge",
    "stored",
    "restart",
  ),
  state: fc.constantFrom("value", "list", "map"),
  key: fc.nat(KEYS.length - 1),
  namespace: fc.constantFrom("", "", "", "w"),
  entry: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom<unknown>("x", [1])),
  values: fc.array(anyValue, { minLength: 1, maxLength: 3 }),
});
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

const ttl = { ttl: 1000 };
const descriptors: Record<string, (withTtl: boolean) => StateDescriptor> = {
  value: (withTtl) => new ValueStateDescriptor<unknown>("value", withTtl ? { ttl } : {}),
  list: (withTtl) => new ListStateDescriptor<unknown>("list", withTtl ? { ttl } : {}),
  map: (withTtl) => new MapStateDescriptor<unknown, unknown>("map", withTtl ? { ttl } : {}),
};

function newBackend(typedState: boolean, from?: KeyedSnapshot): HeapKeyedStateBackend {
  const keyGroups = { start: 0, end: 15 };
  const backend = new HeapKeyedStateBackend({ maxParallelism: 16, keyGroups, now: () => 5, typedState });
  if (from !== undefined) backend.restore([from], () => assert.fail("no timers"));
  return backend;
}

/** What an operation answers; what is given and what is answered is spoilt afterwards. */
function apply(backend: HeapKeyedStateBackend, one: Step, withTtl: boolean): unknown {
  backend.setCurrentKey(copyValue(KEYS[one.key]));
  const handle = backend.state<Handle>(descriptors[one.state](withTtl));
  handle.setNamespace(one.namespace);
  const values = copyValue(one.values);
  const answer = operate(handle, one, values);
  const kept = copyValue(answer);
  spoil(values);
  spoil(answer);
  return kept;
}

function operate(handle: Handle, { op, state, entry }: Step, values: unknown[]): unknown {
  const solid = values.filter((value) => value !== null);
  if (op === "clear") handle.clear();
  else if (state === "value") {
    // What the engine's own functions use: it only changes how the value lies there.
    if (op === "stored" && "storedValue" in handle && handle.storedValue() === undefined) return handle.value();
    if (op === "write" || op === "update") handle.update(values[0]);
    return handle.value();
  } else if (state === "list") {
    if (op === "write") handle.addAll(solid);
    else if (op === "add" && solid.length > 0) handle.add(solid[0]);
    else if (op === "update") handle.update(solid);
    else if (op === "merge" && "mergeNamespaces" in handle) handle.mergeNamespaces("", ["w"]);
    return handle.get();
  } else {
    if (op === "write") handle.put(entry, values[0]);
    else if (op === "update") handle.putAll(values.map((value, i) => [i, value]));
    else if (op === "remove") handle.remove(entry);
    return op === "iterate" ? [...handle.entries(), ...handle.values()] : [handle.get(entry), handle.contains(entry)];
  }
}

function spoil(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  for (const key of Object.keys(value)) {
    spoil((value as Record<string, unknown>)[key]);
    (value as Record<string, unknown>)[key] = "spoilt";
  }
}

Deno.test("property: typed state answers and snapshots as state without it, across restarts and changes of TTL", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let [typed, plain] = [newBackend(true), newBackend(false)];
      let withTtl = false;
      for (const one of steps) {
        if (one.op === "restart") {
          const [left, right] = [typed.snapshot(), plain.snapshot()];
          assert.deepEqual(left, right);
          // Each goes on from the other's snapshot.
          [typed, plain] = [newBackend(true, right), newBackend(false, left)];
          if (one.key % 2 === 0) withTtl = !withTtl;
        }
        assertExact(apply(typed, one, withTtl), apply(plain, one, withTtl));
        assert.equal(typed.numStateEntries(), plain.numStateEntries());
      }
      assert.deepEqual(typed.snapshot(), plain.snapshot());
      for (const name of ["value", "list", "map"]) {
        const [left, right] = [typed, plain].map((backend) =>
          [...backend.keys(name, "")].map((key) => [typeof key, key])
        );
        assert.deepEqual(new Set(left.map(String)), new Set(right.map(String)));
      }
    }),
    { numRuns: 300, seed: 9 },
  );
});

Deno.test("a hundred thousand keys of records: overwritten, cleared, restored, all as without typed state", () => {
  let [typed, plain] = [newBackend(true), newBackend(false)];
  let seed = 3;
  const random = (below: number) => (seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff) % below;
  const write = (key: number, value: Record<string, unknown> | undefined) => {
    for (const backend of [typed, plain]) {
      backend.setCurrentKey(key);
      const [state, map] = [
        backend.state<Handle>(descriptors.value(false)),
        backend.state<Handle>(descriptors.map(false)),
      ];
      if (value === undefined) state.clear();
      else {
        const given = { ...value };
        state.update(given);
        if (key % 7 === 0) map.put(key % 3, given);
        given.name = "spoilt";
      }
    }
  };
  const made = (i: number) => ({
    id: i,
    name: `a name of some length ${random(1e6)}`,
    at: i * 1e6,
    note: "n".repeat(random(30)),
  });
  for (let i = 0; i < 100_000; i++) write(i, made(i));
  for (let i = 0; i < 40_000; i++) write(random(100_000), random(4) === 0 ? undefined : made(-i));
  const [left, right] = [typed.snapshot(), plain.snapshot()];
  assert.deepEqual(left, right);
  for (let i = 0; i < 10_000; i++) write(random(100_000), random(4) === 0 ? undefined : made(i));
  assert.deepEqual(typed.snapshot(), plain.snapshot());
  [typed, plain] = [newBackend(true, left), newBackend(false, left)];
  for (let i = 0; i < 10_000; i++) write(random(100_000), random(4) === 0 ? undefined : made(i));
  assert.deepEqual(typed.snapshot(), plain.snapshot());
  // Restored ones are rows too.
  assert.ok(typed.byteLength > 100_000 * 40, `${typed.byteLength} bytes`);
});

Deno.test("rows are given back: what is cleared, removed, replaced or merged away does not add up", () => {
  const backend = newBackend(true);
  const [value, list, map] = ["value", "list", "map"].map((kind) => backend.state<Handle>(descriptors[kind](false)));
  const record = (i: number) => ({ id: i, name: `a text longer than twelve units ${i}` });
  const round = (n: number) => {
    for (let key = 0; key < 200; key++) {
      backend.setCurrentKey(key);
      value.update(record(n));
      if (key % 2 === 0) value.update(n);
      else if (key % 3 === 0) value.update([record(n)]);
      value.clear();
      list.addAll([record(n), n, record(key)]);
      list.update([record(n), "text"]);
      list.setNamespace("w");
      list.add(record(n));
      list.mergeNamespaces("w", [""]);
      list.clear();
      list.setNamespace("");
      for (let entry = 0; entry < 4; entry++) map.put(entry, record(entry));
      map.put(0, n);
      map.put(1, record(n));
      map.remove(2);
      map.clear();
    }
  };
  for (let n = 0; n < 3; n++) round(n);
  const before = backend.byteLength;
  for (let n = 0; n < 50; n++) round(n);
  assert.ok(backend.byteLength <= before * 1.1, `${before} bytes grew to ${backend.byteLength}`);
  assert.equal(backend.numStateEntries(), 0);
});

Deno.test("what a state was stored as does not show: default values, both zeros, numbers among records", () => {
  const backend = newBackend(true);
  backend.setCurrentKey(1);
  const given = new ValueStateDescriptor<unknown>("given", { defaultValue: { list: [1] } });
  const state = backend.state<Handle>(given);
  state.value().list.push(2);
  assert.deepEqual(state.value(), { list: [1] });
  for (const one of [0, -0, { a: 1 }, -0, 0, 7, { a: -0 }, "text", { a: 2, b: 1 }, 1n, { a: NaN }, [1, 2], true]) {
    state.update(one);
    assertExact(state.value(), one);
  }
  const records = backend.state<Handle>(new ValueStateDescriptor<unknown>("records"));
  for (const one of [{ a: 1 }, 0, -0, { a: -0 }, 5, 5, { a: "x" }, { a: 2 }, NaN]) {
    records.update(one);
    assertExact(records.value(), one);
    const stored = records.storedValue();
    assertExact(typeof stored === "object" ? { ...stored } : stored, one);
    assertExact(records.value(), one);
  }
});

Deno.test("a snapshot is not changed by what is written over its rows later", () => {
  const backend = newBackend(true);
  backend.setCurrentKey(1);
  const state = backend.state<Handle>(descriptors.value(false));
  state.update({ count: 1, sum: 2 });
  const snapshot = backend.snapshot();
  const before = snapshot.runs[0].bytes.slice();
  state.update({ count: 100, sum: 200 });
  assert.deepEqual(snapshot.runs[0].bytes, before);
  const restored = newBackend(true, snapshot);
  restored.setCurrentKey(1);
  assert.deepEqual(restored.state<Handle>(descriptors.value(false)).value(), { count: 1, sum: 2 });
});

Deno.test("a count of a million integer keys takes at most 80 bytes each", () => {
  const backend = newBackend(true);
  const state = backend.state<Handle>(descriptors.value(false));
  for (let key = 0; key < 1_000_000; key++) {
    backend.setCurrentKey(key * 3);
    state.update(key);
  }
  assert.ok(backend.byteLength < 80e6, `${backend.byteLength / 1e6} bytes`);
  for (let key = 0; key < 1_000_000; key += 777) {
    backend.setCurrentKey(key * 3);
    assert.equal(state.value(), key);
  }
});
