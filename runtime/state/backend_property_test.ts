// Random operations against a model of plain Maps, over several subtasks that are rescaled by snapshot and restore.
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from "../functions/state_descriptor.ts";
import type { Key } from "../types/key.ts";
import { keyGroupRange, subtaskForKey } from "../types/key_group.ts";
import { HeapKeyedStateBackend } from "./heap_backend.ts";
import type { MergingState, NamespacedState } from "./keyed_state_backend.ts";
import { redistribute } from "./rescale.ts";

// deno-lint-ignore no-explicit-any -- the operations below know which methods exist
type Handle = NamespacedState & MergingState & Record<string, (...args: any[]) => any>;

const MAX_PARALLELISM = 12;
const KEYS: readonly Key[] = [
  0,
  1,
  -7,
  1n,
  "1",
  "",
  "a key that is longer than thirteen units",
  true,
  [1, "x"],
  {
    a: 1,
    b: "y",
  },
  NaN,
  1.5,
  2 ** 40,
];
const DESCRIPTORS = {
  value: new ValueStateDescriptor<number>("value"),
  list: new ListStateDescriptor<number>("list"),
  map: new MapStateDescriptor<number, number>("map"),
  reducing: new ReducingStateDescriptor<string>("reducing", (a, b) => a + b),
  aggregating: new AggregatingStateDescriptor<number, number[], string>("aggregating", {
    createAccumulator: () => [],
    add: (value, all) => (all.push(value), all),
    getResult: (all) => all.join(),
    merge: (a, b) => [...a, ...b],
  }),
};
type Kind = keyof typeof DESCRIPTORS;

/** Content of one (kind, key, namespace) in the model: always a list of numbers or of entries. */
type Content = number[] | Map<number, number>;

class Cluster {
  #generation = 0;
  #subtasks: HeapKeyedStateBackend[] = this.#make(1);
  #make(parallelism: number): HeapKeyedStateBackend[] {
    const generation = this.#generation++;
    return Array.from({ length: parallelism }, (_, index) =>
      new HeapKeyedStateBackend({
        // Snapshots pass from one to the other and back.
        typedState: (generation + index) % 2 === 0,
        maxParallelism: MAX_PARALLELISM,
        keyGroups: keyGroupRange(MAX_PARALLELISM, parallelism, index),
        now: () => 0,
      }));
  }
  handle(kind: Kind, key: Key, namespace: string): Handle {
    const backend = this.#subtasks[subtaskForKey(key, MAX_PARALLELISM, this.#subtasks.length)];
    backend.setCurrentKey(key);
    const handle = backend.state<Handle>(DESCRIPTORS[kind]);
    handle.setNamespace(namespace);
    return handle;
  }
  rescale(parallelism: number): void {
    const states = this.#subtasks.map((backend) => ({ keyed: [backend.snapshot()] }));
    this.#subtasks = this.#make(parallelism);
    redistribute(states, MAX_PARALLELISM, parallelism).forEach((state, index) => {
      this.#subtasks[index].restore(state.keyed ?? [], () => assert.fail("no timers"));
    });
  }
  get rows(): number {
    return this.#subtasks.reduce((sum, backend) => sum + backend.numStateEntries(), 0);
  }
  keys(kind: Kind, namespace: string): Key[] {
    return this.#subtasks.flatMap((backend) => [...backend.keys(kind, namespace)]);
  }
}

const WRITE: Record<Kind, (h: Handle, n: number) => void> = {
  value: (h, n) => h.update(n),
  list: (h, n) => h.add(n),
  map: (h, n) => h.put(n % 4, n),
  reducing: (h, n) => h.add(`${n},`),
  aggregating: (h, n) => h.add(n),
};
const READ: Record<Kind, (h: Handle) => unknown> = {
  value: (h) => h.value(),
  list: (h) => h.get(),
  map: (h) => [...h.entries()],
  reducing: (h) => h.get(),
  aggregating: (h) => h.get(),
};
function modelWrite(kind: Kind, content: Content | undefined, n: number): Content {
  if (kind === "value") return [n];
  if (kind === "map") return new Map(content as Map<number, number> | undefined).set(n % 4, n);
  return [...(content as number[] | undefined) ?? [], n];
}
function modelRead(kind: Kind, content: Content | undefined): unknown {
  if (kind === "list" || kind === "map") return content === undefined ? [] : [...content];
  if (content === undefined) return undefined;
  const numbers = content as number[];
  return kind === "value" ? numbers[0] : kind === "reducing" ? numbers.map((n) => `${n},`).join("") : numbers.join();
}

const op = fc.record({
  op: fc.constantFrom("write", "write", "write", "write", "read", "clear", "removeEntry", "merge", "rescale"),
  kind: fc.constantFrom(...Object.keys(DESCRIPTORS) as Kind[]),
  key: fc.nat(KEYS.length - 1),
  namespace: fc.constantFrom("", "w1", "w2"),
  n: fc.integer({ min: 1, max: 100 }),
});

Deno.test("property: a rescaled cluster of heap backends equals a Map", () => {
  fc.assert(fc.property(fc.array(op, { maxLength: 150 }), (ops) => {
    const cluster = new Cluster();
    const model = new Map<string, Content>();
    const id = (kind: Kind, key: number, namespace: string) => `${kind}/${key}/${namespace}`;
    for (const { op, kind, key, namespace, n } of ops) {
      const at = id(kind, key, namespace);
      const h = cluster.handle(kind, KEYS[key], namespace);
      if (op === "write") {
        WRITE[kind](h, n);
        model.set(at, modelWrite(kind, model.get(at), n));
      } else if (op === "clear") {
        h.clear();
        model.delete(at);
      } else if (op === "removeEntry" && kind === "map") {
        h.remove(n % 4);
        const content = model.get(at) as Map<number, number> | undefined;
        content?.delete(n % 4);
        if (content?.size === 0) model.delete(at);
      } else if (op === "merge" && kind !== "value" && kind !== "map") {
        h.mergeNamespaces("w1", ["w2", ""]);
        const parts = ["w1", "w2", ""].map((from) => model.get(id(kind, key, from)) as number[] | undefined);
        for (const from of ["w2", ""]) model.delete(id(kind, key, from));
        const merged = parts.flatMap((part) => part ?? []);
        if (merged.length > 0) model.set(id(kind, key, "w1"), merged);
      } else if (op === "rescale") cluster.rescale(1 + n % 5);
      const check = cluster.handle(kind, KEYS[key], namespace);
      assert.deepEqual(READ[kind](check), modelRead(kind, model.get(at)), `${op} ${at}`);
    }
    assert.equal(cluster.rows, model.size);
    cluster.rescale(3);
    for (const [at, content] of model) {
      const [kind, key, namespace] = at.split("/") as [Kind, string, string];
      assert.deepEqual(READ[kind](cluster.handle(kind, KEYS[Number(key)], namespace)), modelRead(kind, content), at);
    }
    const expected = [...model.keys()].filter((at) => at.startsWith("list/") && at.endsWith("/w1")).length;
    assert.equal(cluster.keys("list", "w1").length, expected);
  }));
});
